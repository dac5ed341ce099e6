import { setTimeout as sleep } from 'node:timers/promises';
import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import type { Command } from 'commander';
import type { WatchEventsRequest } from '../../gen/keyturn/v1/operator_service.ts';
import type { Client } from './client.ts';
import type { Context } from './context.ts';
import { examples } from './examples.ts';
import { ExitCode, Failure } from './failure.ts';
import { Interrupt } from './interrupt.ts';
import { jsonText } from './json.ts';
import { visible } from './print.ts';
import { openClient, remote } from './remote.ts';
import type { RemoteOptions } from './remote.ts';
import { tellPeople } from './trouble.ts';

/** How long it waits before it tries to go on: first, and at most; each time twice as long. Milliseconds. */
const BACK_OFF = { first: 250, most: 10_000 };
const COLUMNS = ['occurred_at', 'type', 'project_id', 'device_id'];

interface WatchOptions extends RemoteOptions {
  readonly device?: string;
  readonly project?: string;
  readonly fromStart?: true;
  readonly resumeToken?: string;
}

/** Adds `events` with its subcommand. */
export function addEventCommands(program: Command, context: Context): void {
  const events = program.command('events').description('follow what happens to devices');
  examples(events, ['keyturn events watch']);
  const description = 'print each event as it happens, with --json as a line of JSON, until Ctrl-C; goes on by itself when the service is back';
  const command = remote(events.command('watch').description(description))
    .option('--device <ID>', 'only events of this device')
    .option('--project <ID>', 'only events of this project')
    .option('--from-start', 'begin with the oldest event that is kept')
    .option('--resume-token <TOKEN>', 'go on after the event with this resume token')
    .action((options: WatchOptions) => watch(context, options));
  examples(command, ['keyturn events watch', 'keyturn events watch --device pump-7', 'keyturn events watch --from-start --json']);
}

/** Ends when it is interrupted or nobody reads any more, and tells where to go on. Throws a Failure. */
async function watch(context: Context, options: WatchOptions): Promise<void> {
  const over = new AbortController();
  const interrupt = new Interrupt(() => over.abort());
  const watcher = new Watcher(context, options, over);
  try {
    using client = await openClient(context, options);
    for (let wait = BACK_OFF.first; !over.signal.aborted; wait = Math.min(2 * wait, BACK_OFF.most)) {
      const failure = await watcher.follow(client);
      if (failure === undefined) return;
      if (watcher.isNew) wait = BACK_OFF.first;
      tellPeople(context, `${failure.message}; trying again in ${wait / 1000} s`);
      await sleep(wait, undefined, { signal: over.signal }).catch(() => {});
    }
  } finally {
    interrupt[Symbol.dispose]();
    if (watcher.hasBegun) context.stderr.write(`resume token: ${watcher.token}\n`);
  }
}

/** Prints events, and knows where to go on. */
class Watcher {
  readonly #context: Context;
  readonly #options: WatchOptions;
  readonly #over: AbortController;
  /** Whether any stream had begun, so that there is a place to go on. */
  hasBegun = false;
  /** Whether the stream of the last `follow` had begun. */
  isNew = false;
  token: string;

  constructor(context: Context, options: WatchOptions, over: AbortController) {
    this.#context = context;
    this.#options = options;
    this.#over = over;
    this.token = options.resumeToken ?? '';
  }

  /** Undefined when it is over; a Failure if the stream was lost that had begun once. Throws any other. */
  async follow(client: Client): Promise<Failure | undefined> {
    const isFirst = !this.hasBegun;
    this.isNew = false;
    try {
      const stream = client.watch(client.operator.watchEvents, this.#request(), (metadata) => this.#begin(String(metadata.get('resume-token')[0] ?? '')));
      for await (const event of stream) {
        this.#print(event);
        this.token = textOf(event['resume_token']);
        if (this.#over.signal.aborted || !this.#context.stdout.writable) return undefined;
      }
      return undefined;
    } catch (error) {
      if (!(error instanceof Failure) || error.exitCode !== ExitCode.FAILED || (isFirst && !this.isNew)) throw error;
      return error;
    }
  }

  /** What is not Keyturn may send metadata too, but no token. */
  #begin(token: string): void {
    if (token === '') return;
    this.isNew = true;
    this.hasBegun = true;
    if (this.token === '') this.token = token;
  }

  #request(): WatchEventsRequest {
    const { device = '', project = '', fromStart = false } = this.#options;
    return { deviceId: device, projectId: project, fromStart, resumeToken: this.token };
  }

  #print(event: JsonObject): void {
    const { stdout } = this.#context;
    const payload = JSON.stringify(event['payload'] ?? {});
    const words = [...COLUMNS.map((name) => textOf(event[name])), ...(payload === '{}' ? [] : [payload])];
    stdout.write(this.#options.json ? `${jsonText(event)}\n` : `${words.map(visible).join('  ')}\n`);
  }
}

/** Members of an event are texts but for its payload. */
function textOf(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : '';
}
