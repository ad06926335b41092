#!/usr/bin/env python3
# metadata.py: what desktops, software centres and packagers read of us; prints TAP
#
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# usage: metadata.py TOP-OF-THE-SOURCE-TREE BUILT-DATA-FOLDER VERSION BROKERCTL

import os
import sys
import xml.etree.ElementTree

sys.dont_write_bytecode = True

import cases

ID = 'io.github.runtimebroker.Broker1'
SVG = '{http://www.w3.org/2000/svg}'


class Files:
    def __init__(self, top, built, version, brokerctl):
        self.top, self.built, self.version, self.brokerctl = top, built, version, brokerctl
        self.desktop = os.path.join(built, ID + '.desktop')
        self.metainfo = os.path.join(built, ID + '.metainfo.xml')

    def read(self, *path):
        with open(os.path.join(self.top, *path), encoding='utf-8') as file:
            return file.read()


def desktop_entries(files):
    with open(files.desktop, encoding='utf-8') as file:
        return dict(line.rstrip('\n').split('=', 1) for line in file if '=' in line and not line.startswith('#'))


def test_desktop_file(files):
    """The desktop file is one."""
    cases.need('desktop-file-validate')
    assert not cases.check('desktop-file-validate', '--warn-kde', files.desktop)


def test_desktop_command(files):
    """What a click starts is a verb that brokerctl has."""
    program, verb = desktop_entries(files)['Exec'].split()
    assert program == os.path.basename(files.brokerctl)
    cases.check(files.brokerctl, 'help', verb)


def test_metainfo(files):
    """The metainfo is valid."""
    cases.need('appstreamcli')
    cases.check('appstreamcli', 'validate', '--no-net', '--explain', files.metainfo)


def test_one_name(files):
    """Desktop file, metainfo, icon and bus have one name, so that notifications show title and icon."""
    root = xml.etree.ElementTree.parse(files.metainfo).getroot()
    assert root.find('id').text == ID
    assert root.find('launchable').text == ID + '.desktop'
    assert root.find('provides/dbus').text == ID
    assert desktop_entries(files)['Icon'] == ID
    assert 'Name={}\n'.format(ID) in files.read('data', 'dbus', ID + '.service.in')


def test_icons(files):
    """The icons are square pictures without anything that is fetched, and the symbolic one has no colour."""
    for name, size in ((ID, 128), (ID + '-symbolic', 16)):
        path = os.path.join(files.top, 'data', 'icons', name + '.svg')
        root = xml.etree.ElementTree.parse(path).getroot()
        assert root.tag == SVG + 'svg', path
        assert root.get('viewBox') == '0 0 {0} {0}'.format(size), path
        fills = {element.get('fill') for element in root.iter()} - {None, 'none'}
        assert not [element for element in root.iter() if 'href' in ' '.join(element.keys()) or element.tag == SVG + 'image'], path
        assert not name.endswith('symbolic') or fills == {'#2e3436'}, fills


def test_one_version(files):
    """The version is said in one place, the first lines of meson.build; metainfo, package and programs agree."""
    root = xml.etree.ElementTree.parse(files.metainfo).getroot()
    assert root.find('releases/release').get('version') == files.version
    assert cases.check(files.brokerctl, '--version') == 'brokerctl {}\n'.format(files.version)


TESTS = (test_desktop_file, test_desktop_command, test_metainfo, test_one_name, test_icons, test_one_version)

if __name__ == '__main__':
    sys.exit(cases.run(TESTS, Files(*sys.argv[1:])))
