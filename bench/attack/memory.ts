import { readFile, writeFile } from 'node:fs/promises';
import { residentMegabytes } from '../process_stat.ts';

const SAMPLE_MS = 100;

/** The most resident memory of a process between two moments, MB (of 10^6 bytes). */
export class PeakMemory implements Disposable {
  readonly #pid: number;
  #sampled = 0;
  #hasWatermark = false;
  #timer: NodeJS.Timeout | undefined;

  private constructor(pid: number) {
    this.#pid = pid;
  }

  /** Begins anew: with the watermark of the kernel where it can be reset, else with samples. */
  static async watch(pid: number): Promise<PeakMemory> {
    const peak = new PeakMemory(pid);
    peak.#hasWatermark = await writeFile(`/proc/${pid}/clear_refs`, '5').then(
      () => true,
      () => false,
    );
    peak.#timer = setInterval(() => void peak.#sample(), SAMPLE_MS);
    await peak.#sample();
    return peak;
  }

  async megabytes(): Promise<number> {
    await this.#sample();
    if (!this.#hasWatermark) return this.#sampled;
    const text = await readFile(`/proc/${this.#pid}/status`, 'utf8').catch(() => '');
    return (Number(/^VmHWM:\s+(\d+) kB$/m.exec(text)?.[1]) * 1024) / 1e6;
  }

  async #sample(): Promise<void> {
    this.#sampled = Math.max(this.#sampled, await residentMegabytes(this.#pid));
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
