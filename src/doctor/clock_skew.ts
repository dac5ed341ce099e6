import type { Clock } from '../clock.ts';
import { Findings } from './finding.ts';
import type { Finding, State } from './finding.ts';

const ROUNDS = 5;
/** Skew from which on there is something to do, and from which on it is bad, milliseconds. */
const WARNING = 1_000;
const BAD = 5_000;

/** A comparison of two clocks, milliseconds. */
interface Comparison {
  /** How far this machine's clock is ahead. */
  readonly ahead: number;
  /** How long the question took; the comparison is wrong by half of it at most. */
  readonly roundTrip: number;
}

/** Compares this machine's clock with the database's, which `readTime` asks for its time in milliseconds since 1970. */
export async function checkClock(clock: Clock, readTime: () => Promise<number>): Promise<readonly Finding[]> {
  const { ahead, roundTrip } = await compare(clock, readTime);
  const skew = Math.abs(ahead);
  const state: State = skew < WARNING ? 'good' : skew < BAD ? 'warning' : 'bad';
  const says = `this machine's clock is ${(skew / 1000).toFixed(3)} s ${ahead < 0 ? 'behind' : 'ahead of'} the database's (round trip ${roundTrip.toFixed(1)} ms)`;
  return new Findings('clock').add(state, says, 'set both clocks by NTP (chrony or systemd-timesyncd): the exp and nbf of device JWTs are judged by this clock').list;
}

/** The quickest of several questions knows best. */
async function compare(clock: Clock, readTime: () => Promise<number>): Promise<Comparison> {
  let best: Comparison | undefined;
  for (let round = 0; round < ROUNDS; round += 1) {
    const start = performance.now();
    const before = clock.now().getTime();
    const theirs = await readTime();
    const roundTrip = performance.now() - start;
    if (best === undefined || roundTrip < best.roundTrip) best = { ahead: before + roundTrip / 2 - theirs, roundTrip };
  }
  if (best === undefined) throw new Error('no clock was compared');
  return best;
}
