/* rb-api.h: everything a module may include
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-backoff.h"
#include "rb-bounds.h"
#include "rb-clock.h"
#include "rb-connector.h"
#include "rb-cursor.h"
#include "rb-discovery.h"
#include "rb-emitter.h"
#include "rb-envelope.h"
#include "rb-error.h"
#include "rb-event.h"
#include "rb-file.h"
#include "rb-json-writer.h"
#include "rb-json.h"
#include "rb-log.h"
#include "rb-module.h"
#include "rb-paths.h"
#include "rb-rotated-file.h"
#include "rb-spawn-driver.h"
#include "rb-target.h"
#include "rb-text.h"
#include "rb-time.h"
#include "rb-trace.h"
#include "rb-upstream.h"
