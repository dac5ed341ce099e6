import type { ServerResponse } from 'node:http';
import type { Head, Sink, StreamOutcome } from '../../call/call.ts';
import { sendHead } from './answer.ts';
import type { AnswerBody } from './body/writer.ts';
import { writeLastLine } from './envelopes.ts';
import type { UnreadAnswers } from './unread.ts';

export interface JsonLinesParts {
  readonly response: ServerResponse;
  /** A message as JSON. */
  readonly write: (message: object) => AnswerBody;
  /** The headers of the answer, beside those that all have. */
  readonly headersOf: (head: Head) => readonly (readonly [name: string, value: string])[];
  readonly begun: () => void;
  readonly unread: UnreadAnswers;
}

const CONTENT_TYPE = 'application/x-ndjson';
/** An idle stream tells nothing of a caller that was switched off; TCP asks after it then, milliseconds. */
const KEEP_ALIVE = 60_000;

/** A stream of answers: a line of JSON for each. */
export class JsonLines implements Sink {
  readonly #parts: JsonLinesParts;
  readonly isHeadOnly: boolean;

  constructor(parts: JsonLinesParts) {
    this.#parts = parts;
    this.isHeadOnly = parts.response.req.method === 'HEAD';
  }

  begin(head: Head): void {
    const { response, headersOf, begun } = this.#parts;
    sendHead(response, { status: head.status, headers: headersOf(head), contentType: CONTENT_TYPE });
    begun();
    if (this.isHeadOnly) return;
    response.flushHeaders();
    response.req.socket.setKeepAlive(true, KEEP_ALIVE);
  }

  async send(message: object): Promise<void> {
    const { response, write } = this.#parts;
    if (!response.write(`${String(write(message).content)}\n`)) await this.#drained();
  }

  /** Ends what has begun, by a last line if it ends with a refusal. */
  end(outcome: StreamOutcome): void {
    const { response, unread } = this.#parts;
    if (response.destroyed) return;
    response.end(outcome.ok || this.isHeadOnly ? undefined : `${writeLastLine(outcome)}\n`);
    unread.written(response);
  }

  /** Resolves when the caller has taken what was written, or is gone. */
  #drained(): Promise<void> {
    const { response, unread } = this.#parts;
    const taken = unread.waiting(response);
    return new Promise((resolve) => {
      const done = (): void => {
        response.off('drain', done).off('close', done);
        taken();
        resolve();
      };
      response.on('drain', done).on('close', done);
    });
  }
}
