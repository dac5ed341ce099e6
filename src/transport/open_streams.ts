import { Fault } from '../../gen/keyturn/options/v1/options.ts';
import { FaultError } from '../contract/fault.ts';

/** A stream of answers as long as it is open. */
export interface OpenStream {
  /** Aborts as that of its call does, and when the service stops. */
  readonly signal: AbortSignal;
  /** It has ended. */
  close(): void;
}

/** The streams of answers of a wire. They may go on for hours, so that the end of the service is theirs too. */
export class OpenStreams {
  readonly #open = new Set<AbortController>();
  #isOver = false;

  /** A stream begins whose call has this signal. */
  open(signal: AbortSignal): OpenStream {
    const controller = new AbortController();
    const onAbort = (): void => controller.abort(signal.reason);
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
    if (this.#isOver) stop(controller);
    else this.#open.add(controller);
    return {
      signal: controller.signal,
      close: () => {
        signal.removeEventListener('abort', onAbort);
        this.#open.delete(controller);
      },
    };
  }

  /** Ends all streams, and every one that would begin later. */
  end(): void {
    this.#isOver = true;
    for (const controller of this.#open) stop(controller);
  }
}

function stop(controller: AbortController): void {
  controller.abort(new FaultError(Fault.FAULT_UNAVAILABLE, 'the service is stopping'));
}
