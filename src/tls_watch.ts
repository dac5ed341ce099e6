import type { Log } from './log.ts';
import { TlsError, readTlsFiles, tlsFilesState } from './tls_files.ts';
import type { TlsMaterial, TlsPaths } from './tls_files.ts';

const INTERVAL = 1_000;
/** Before its end a certificate is warned of, milliseconds. */
const WARNING = 14 * 86_400_000;

/**
 * Looks every second whether the files have changed. Good ones are handed on;
 * bad ones, such as a new certificate whose key is still to come, are logged
 * and the last good ones stay.
 */
export class TlsWatch implements Disposable {
  readonly #paths: TlsPaths;
  readonly #log: Log;
  readonly #changed: (material: TlsMaterial) => void;
  readonly #timer: NodeJS.Timeout;
  #state: string;
  #current: TlsMaterial;

  /** Reads the files for the first time. Throws a TlsError. */
  constructor(paths: TlsPaths, log: Log, changed: (material: TlsMaterial) => void) {
    this.#paths = paths;
    this.#log = log;
    this.#changed = changed;
    this.#state = tlsFilesState(paths);
    this.#current = readTlsFiles(paths);
    this.#warnOfEnd();
    this.#timer = setInterval(() => this.#look(), INTERVAL);
    this.#timer.unref();
  }

  get current(): TlsMaterial {
    return this.#current;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const state = tlsFilesState(this.#paths);
    if (state === this.#state) return;
    this.#state = state;
    try {
      this.#current = readTlsFiles(this.#paths);
      this.#changed(this.#current);
      this.#log.info({ not_after: this.#current.notAfter.toISOString() }, 'the TLS files have changed and were loaded');
      this.#warnOfEnd();
    } catch (error) {
      if (!(error instanceof TlsError)) throw error;
      this.#log.error({ faults: error.faults }, 'the TLS files have changed and cannot be used; the last good ones stay');
    }
  }

  #warnOfEnd(): void {
    const { notAfter } = this.#current;
    if (notAfter.getTime() < Date.now() + WARNING) {
      this.#log.warn({ not_after: notAfter.toISOString() }, 'a TLS certificate has ended or ends soon: put a new one in its place');
    }
  }
}
