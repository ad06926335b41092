# log_names.py: records that people know from the npm daemon keep their names and their levels
#
# SPDX-License-Identifier: LGPL-2.1-or-later

import re

# Source: protocol.md 23. Our "message" is one of its "info". Not here is what cannot happen any more, because events, assignments, rows
# and buffers are on the disk: nothing is dropped on shutdown, for age or for want of room, and no row fails to come back.
NAMES = {
    'debug': '''ipc_push_ack_unknown''',
    'info': '''
        broker_already_running broker_already_running_after_ipc_bind broker_entry_starting broker_ready broker_signal
        broker_superseded_self_terminating buffered_for_reconnecting_endpoint connecting_to_connector connector_connected
        connector_ws_closed delivery_cursor_loaded discovery_written dispatch_nudge_received endpoint_reattached
        endpoint_registered endpoint_spawned_correlation_resolved force_unregister_received
        ipc_push_ack_missing_after_adapter_accept ipc_route_rejected ipc_server_listening mailroom_acked mailroom_activated
        mailroom_activation_skipped mailroom_claim_declined mailroom_dropped_staged_for_reclaim
        mailroom_dropped_staging_for_endpoint mailroom_recover_claim_declined mailroom_staged mailroom_started mailroom_stopped
        message_sent network_presence_changed network_presence_changed_retry reply_correlation_cache_sweep
        runtime_assignment_reply_sent runtime_inbound_routed_retry runtime_self_claimed runtime_self_settled shutdown_begin
        spawn_request_initiated staged_assignment_registered state_event_ignored task_hint_updated transitionState_404_degraded
        transition_state_deferred undispatched_added undispatched_changed_retry undispatched_dispatched''',
    'warning': '''
        ack_post_error ack_post_failed buffer_for_reconnecting_endpoint_failed closed_lookup_failed correlation_id_collision
        discovery_delete_skipped_not_owner endpoint_heartbeat_failed endpoint_heartbeat_not_scheduled
        endpoint_register_unknown_spawn_token ipc_push_ack_channel_closed ipc_push_ack_pid_mismatch ipc_push_ack_timeout
        ipc_push_ack_ws_mismatch ipc_push_send_failed legacy_delivery_pending_ignored mailroom_activation_deferred_transient
        mailroom_claim_failed mailroom_list_failed mailroom_recover_claim_failed mailroom_recover_list_failed
        network_presence_changed_drop_terminal network_presence_changed_queue_dropped_on_shutdown
        network_presence_changed_queue_overflow post_control_ack_error post_control_ack_non_ok reply_aware_fallback
        runtime_assignment_acceptance_timeout runtime_assignment_target_lost_emit_failed runtime_claim_candidates_failed
        runtime_inbound_route_claim_failed runtime_inbound_routed_drop_terminal runtime_presence_claim_candidates_failed
        runtime_principal_resolve_retry runtime_processing_state_emit_failed runtime_reply_emitted_projection_failed
        runtime_reply_emitted_shutdown_flush_failed runtime_reply_requested_projection_skipped runtime_self_claim_cache_mismatch
        runtime_self_claim_compensated shutdown_watchdog_force_exit spawn_correlation_timeout sse_frame_unparseable sse_reconnect
        staged_delivery_attempt_projection_failed task_hint_projection_failed transitionState_failed
        undispatched_changed_drop_terminal undispatched_inbox_at_capacity''',
    'error': '''
        broker_entry_fatal broker_fatal_exit inbound_message_handling_failed ipc_route_error mailroom_refused_no_server_capability
        runtime_self_claim_compensation_error runtime_self_claim_compensation_failed runtime_self_claim_compensation_unavailable
        runtime_self_claim_invalid_response_unreleasable''',
}
SAME = {'message': 'info'}


def levels_of(tree):
    """Name of a record -> the levels at which it is logged; of one that is chosen where it is logged nothing is known but its name."""
    found = {}
    for source in tree.c_files():
        if not source.folder.startswith(('broker/', 'modules/')):
            continue
        for name in re.findall(r'"([a-z]+[A-Za-z0-9]*_[A-Za-z0-9_]+)"', source.text):
            found.setdefault(name, set())
        for level, name in re.findall(r'\brb_log_(debug|info|message|warning|error) \("(\w+)"', source.text):
            found.setdefault(name, set()).add(SAME.get(level, level))
    return found


def check_names(tree):
    """A record that the npm daemon writes too has the same name and the same level here (protocol.md 23)."""
    found = levels_of(tree)
    for level, names in NAMES.items():
        for name in names.split():
            if name not in found:
                yield 'broker', 1, "nothing logs '{}'".format(name)
            elif found[name] - {level}:
                yield 'broker', 1, "'{}' is to be logged as {}, not as {}".format(name, level, ', '.join(sorted(found[name])))


RULES = (
    ('log/names', check_names),
)
