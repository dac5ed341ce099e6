/**
 * Calls `stop` at the first SIGINT or SIGTERM, until it is disposed of. At
 * another one the process ends as it would without this.
 */
export class Interrupt implements Disposable {
  readonly #stop: () => void;
  #hasCome = false;

  constructor(stop: () => void) {
    this.#stop = stop;
    process.once('SIGINT', this.#onSignal);
    process.once('SIGTERM', this.#onSignal);
  }

  get hasCome(): boolean {
    return this.#hasCome;
  }

  [Symbol.dispose](): void {
    process.off('SIGINT', this.#onSignal);
    process.off('SIGTERM', this.#onSignal);
  }

  readonly #onSignal = (): void => {
    this[Symbol.dispose]();
    this.#hasCome = true;
    this.#stop();
  };
}
