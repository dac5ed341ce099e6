import type { Answer } from './answer.ts';

/** A call under way. To wait for it gives the content of its answer; `withResponse` also what stands around that. */
export class RestCall<Result extends Answer> implements Promise<Result['content']> {
  readonly [Symbol.toStringTag] = 'RestCall';
  readonly #answer: Promise<Result>;

  constructor(answer: Promise<Result>) {
    this.#answer = answer;
  }

  /** Status, media type, named headers and request id together with the content. */
  withResponse(): Promise<Result> {
    return this.#answer;
  }

  // oxlint-disable-next-line unicorn/no-thenable -- A call is a promise: that is what waiting for it needs.
  then<Kept = Result['content'], Caught = never>(
    kept?: ((content: Result['content']) => Kept | PromiseLike<Kept>) | null,
    caught?: ((error: unknown) => Caught | PromiseLike<Caught>) | null,
  ): Promise<Kept | Caught> {
    return this.#answer.then(({ content }) => content).then(kept, caught);
  }

  catch<Caught = never>(caught?: ((error: unknown) => Caught | PromiseLike<Caught>) | null): Promise<Result['content'] | Caught> {
    return this.then(undefined, caught);
  }

  finally(ended?: (() => void) | null): Promise<Result['content']> {
    return this.then().finally(ended);
  }
}
