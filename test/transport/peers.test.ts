import assert from 'node:assert/strict';
import { BlockList } from 'node:net';
import { describe, it } from 'mocha';
import { networks } from '../../src/config/values.ts';
import { Peers } from '../../src/transport/peers.ts';

const [DIRECT, PROXY, CLIENT] = ['198.51.100.7', '10.0.0.1', '203.0.113.9'];

/** What is connected, X-Forwarded-For as it was sent, and who is meant. */
const ROWS: readonly (readonly [name: string, connected: string, forwardedFor: readonly string[], peer: string])[] = [
  ['nobody between', DIRECT, [], DIRECT],
  ['a sender that is not trusted', DIRECT, [CLIENT], DIRECT],
  ['a sender that is not trusted and names a proxy', DIRECT, [`${CLIENT}, ${PROXY}`], DIRECT],
  ['one proxy', PROXY, [CLIENT], CLIENT],
  ['a proxy without the header', PROXY, [], PROXY],
  ['a proxy with an empty header', PROXY, [''], PROXY],
  ['a proxy with nothing but commas', PROXY, [',,'], PROXY],
  ['a chain of proxies', PROXY, [`${CLIENT}, 10.0.0.3, 10.0.0.2`], CLIENT],
  ['a chain in several headers', PROXY, [CLIENT, '10.0.0.3', '10.0.0.2'], CLIENT],
  ['what the caller has invented', PROXY, [`192.0.2.1, 10.9.9.9, ${CLIENT}`], CLIENT],
  ['what the caller has invented, in a header of its own', PROXY, ['192.0.2.1', CLIENT], CLIENT],
  ['garbage before the caller', PROXY, [`<script>, ${CLIENT}`], CLIENT],
  ['garbage after the caller', PROXY, [`${CLIENT}, unknown`], PROXY],
  ['garbage between proxies', PROXY, [`${CLIENT}, _hidden, 10.0.0.2`], '10.0.0.2'],
  ['nothing after the caller', PROXY, [`${CLIENT},`], PROXY],
  ['a name', PROXY, ['localhost'], PROXY],
  ['a number', PROXY, ['1'], PROXY],
  ['an octet too large', PROXY, ['1.2.3.256'], PROXY],
  ['leading zeros', PROXY, ['010.0.0.1'], PROXY],
  ['proxies alone', PROXY, ['10.0.0.3, 10.0.0.2'], '10.0.0.3'],
  ['tabs and spaces', PROXY, [` \t${CLIENT}\t `], CLIENT],
  ['a port', PROXY, [`${CLIENT}:1234`], CLIENT],
  ['a port that is none', PROXY, [`${CLIENT}:123456`], PROXY],
  ['a port of a proxy', PROXY, [`${CLIENT}:5, 10.0.0.2:80`], CLIENT],
  ['IPv6', PROXY, ['2001:db8::1'], '2001:db8::1'],
  ['IPv6 in brackets', PROXY, ['[2001:db8::1]'], '2001:db8::1'],
  ['IPv6 with a port', PROXY, ['[2001:db8::1]:443'], '2001:db8::1'],
  ['IPv6 spelt otherwise', PROXY, ['2001:0DB8:0:0:0:0:0:1'], '2001:db8::1'],
  ['IPv6 with a zone', PROXY, ['fe80::1%eth0'], 'fe80::1'],
  ['IPv6 with half a bracket', PROXY, ['[2001:db8::1'], PROXY],
  ['brackets around nothing', PROXY, ['[]:80'], PROXY],
  ['an IPv6 proxy', 'fd00::5', ['2001:db8::1'], '2001:db8::1'],
  ['an IPv6 proxy spelt otherwise', PROXY, [`${CLIENT}, FD00:0::5`], CLIENT],
  ['IPv4 in IPv6, direct', `::ffff:${DIRECT}`, [CLIENT], DIRECT],
  ['IPv4 in IPv6, a proxy', `::ffff:${PROXY}`, [`::ffff:${CLIENT}`], CLIENT],
  ['IPv4 in IPv6 with capitals, brackets and a port', PROXY, [`[::FFFF:${CLIENT}]:80`], CLIENT],
  ['IPv4 in IPv6, in hexadecimal', PROXY, ['::ffff:cb00:7109'], CLIENT],
  ['a proxy as IPv4 in IPv6, in hexadecimal', PROXY, [`${CLIENT}, ::ffff:0a00:0002`], CLIENT],
  ['a connection that is gone', '', [CLIENT], ''],
];

describe('who is at the other end', () => {
  const peers = new Peers(networks('10.0.0.0/8, fd00::/8'));
  for (const [name, connected, forwardedFor, peer] of ROWS) {
    it(name, () => assert.equal(peers.addressOf(connected, forwardedFor), peer));
  }

  it('nobody is trusted unless told', () => {
    for (const none of [new Peers(), new Peers(new BlockList())]) {
      assert.equal(none.addressOf('127.0.0.1', [CLIENT]), '127.0.0.1');
      assert.equal(none.addressOf('::1', [CLIENT]), '::1');
    }
  });

  it('single addresses and both edges of a network are trusted, their neighbours are not', () => {
    const own = new Peers(networks('192.0.2.1,192.0.2.128/25,2001:db8::/127'));
    for (const proxy of ['192.0.2.1', '192.0.2.128', '192.0.2.255', '2001:db8::', '2001:db8::1', '::ffff:192.0.2.1']) assert.equal(own.addressOf(proxy, [CLIENT]), CLIENT, proxy);
    for (const other of ['192.0.2.0', '192.0.2.2', '192.0.2.127', '192.0.3.0', '2001:db8::2', '::192.0.2.1']) assert.notEqual(own.addressOf(other, [CLIENT]), CLIENT, other);
  });

  it('a network of all IPv4 addresses has no IPv6 address in it, and the reverse', () => {
    assert.equal(new Peers(networks('0.0.0.0/0')).addressOf('2001:db8::1', [CLIENT]), '2001:db8::1');
    assert.equal(new Peers(networks('2000::/3')).addressOf(DIRECT, [CLIENT]), DIRECT);
  });

  it('a long chain costs no more than it is long', () => {
    const chain = Array.from({ length: 5000 }, () => '10.0.0.2').join(',');
    assert.equal(peers.addressOf(PROXY, [`${CLIENT},${chain}`]), CLIENT);
  });
});
