import { readFile } from 'node:fs/promises';
import { styleText } from 'node:util';
import { DemoClient } from './client.ts';
import type { HttpAnswer } from './client.ts';
import { makeKeyPair, makeKeyUpdate } from './device.ts';
import { startDemoService } from './service.ts';

const DEVICE = 'test.device.01';
const CALLERS = 64;

interface Vector {
  registered_key: string;
  jwt: string;
  pop_a: string;
}

const vectors = JSON.parse(
  await readFile(new URL('../../test/vectors/iothentix.json', import.meta.url), 'utf8'),
) as Record<'11.1' | '11.2', Vector>;

let failures = 0;

/** Shows one step: what happened, and whether it is as it should be. */
function show(good: boolean, step: string, detail: string): void {
  if (!good) failures += 1;
  const mark = good ? styleText('green', 'ok') : styleText('red', 'WRONG');
  process.stdout.write(`${mark} ${styleText('bold', step)}\n   ${styleText('dim', detail)}\n`);
}

function told({ status, body, replayed }: HttpAnswer): string {
  return `${status}${replayed ? ' Idempotent-Replayed' : ''} ${body}`;
}

await using service = await startDemoService();
const client = new DemoClient(service.url, service.operatorToken);
process.stdout.write(`Keyturn serves at ${service.url}\n\n`);

// The documented JWT gets as far as its missing proof: an unverified one would be a 401.
const documented = vectors['11.1'];
await client.register(DEVICE, documented.registered_key);
const withoutProof = await client.update(documented.jwt);
show(withoutProof.status === 400, "the vendor's documented JWT is verified, only its proof is missing", told(withoutProof));
await client.remove(DEVICE);

const { registered_key: registeredKey, jwt, pop_a: pop } = vectors['11.2'];
await client.register(DEVICE, registeredKey);
const rotated = await client.update(jwt, pop);
show(rotated.status === 200 && !rotated.replayed, 'a device replaces its key', told(rotated));

const stolen = await client.update(jwt);
show(stolen.status === 401, 'a replay of its JWT without the new key is refused', told(stolen));

// A device that never hears the answer: it holds two keys and does not know which one counts.
const lost = 'lost.reply.01';
const [first, second, third] = [makeKeyPair(), makeKeyPair(), makeKeyPair()];
await client.register(lost, first.pem);
const update = makeKeyUpdate(lost, first, second);
await client.updateWithLostAnswer(lost, update.jwt, update.pop);
const retried = await client.update(update.jwt, update.pop);
show(retried.status === 200 && retried.replayed, 'a device whose answer was lost sends the same again', told(retried));

const old = makeKeyUpdate(lost, first, third);
const refused = await client.update(old.jwt, old.pop);
show(refused.status === 401, 'its old key is dead', told(refused));
const back = makeKeyUpdate(lost, second, first);
const reused = await client.update(back.jwt, back.pop);
show(reused.status === 403, 'and never comes back', told(reused));

const races = Array.from({ length: CALLERS }, () => {
  const next = makeKeyUpdate(lost, second, makeKeyPair());
  return client.update(next.jwt, next.pop);
});
const statuses = (await Promise.all(races)).map((answer) => answer.status);
const winners = statuses.filter((status) => status === 200).length;
const losers = statuses.filter((status) => status === 401).length;
show(winners === 1 && losers === CALLERS - 1, `${CALLERS} rotations at once have one winner`, `${winners} x 200, ${losers} x 401`);

const keys = await client.keys(lost);
const states = keys.map((key) => `${key['state']} ${key['thumbprint']?.slice(0, 12)}`);
show(states.join(' ').replaceAll(/ [0-9a-f]{12}/g, '') === 'CURRENT RETIRED RETIRED', 'the history has every key', states.join(', '));

const events = (await client.auditEvents(lost)).map((event) => event['action']);
const wanted = ['device_key.rotated', 'device_key.rotated', 'device.created'];
show(events.join() === wanted.join(), 'and the audit trail every change, newest first', events.join(', '));

process.stdout.write(failures === 0 ? '\nall as it should be\n' : `\n${failures} not as it should be\n`);
process.exitCode = failures === 0 ? 0 : 1;
