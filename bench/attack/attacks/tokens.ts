import { makeKeyPair } from '../../../examples/demo/device.ts';
import type { Attack, Target } from '../protocol.ts';
import { RESOURCE_SERVER, jwtOf } from '../token_lanes.ts';
import { fresh, keptAlive } from './rest.ts';
import type { Supply } from './rest.ts';

/** A request for a token in the name of a registered device that somebody else has signed. */
function wrongJwt({ deviceId }: Target): Buffer {
  return post('/as/token', jwtOf(deviceId, makeKeyPair()), { client_id: deviceId });
}

/** A renewal of a token that nobody has issued. */
function wrongToken({ deviceId }: Target): Buffer {
  return post('/as/renew/token', `Bearer ${'A'.repeat(43)}.${'A'.repeat(43)}`, { client_id: deviceId });
}

/** Introspection with the name of the resource server, or another one, and each time another wrong password. */
function wrongBasic(name: string): () => Supply {
  return () => {
    let serial = 0;
    return () => {
      serial += 1;
      return post('/idp/introspect', `Basic ${Buffer.from(`${name}:wrong ${serial}`).toString('base64')}`, { token: 'x' });
    };
  };
}

/** Introspection with one wrong password, again and again, as by a resource server that was not told of a new one. */
function oldBasic(): Buffer {
  return post('/idp/introspect', `Basic ${Buffer.from(`${RESOURCE_SERVER.name}:old`).toString('base64')}`, { token: 'x' });
}

function post(path: string, authorization: string, value: object): Buffer {
  const body = JSON.stringify(value);
  const head = [`POST ${path} HTTP/1.1`, 'Host: a', `Authorization: ${authorization}`, 'Content-Type: application/json', `Content-Length: ${body.length}`];
  return Buffer.from([...head, '', body].join('\r\n'), 'latin1');
}

export const TOKEN_ATTACKS = {
  tokenJwt: keptAlive(wrongJwt),
  tokenJwtFresh: fresh(wrongJwt),
  renewal: keptAlive(wrongToken),
  renewalFresh: fresh(wrongToken),
  basic: keptAlive(wrongBasic(RESOURCE_SERVER.name)),
  basicFresh: fresh(wrongBasic(RESOURCE_SERVER.name)),
  basicUnknown: keptAlive(wrongBasic('nobody')),
  basicOld: keptAlive(oldBasic),
} satisfies Record<string, Attack>;
