import type { Command } from 'commander';
import type { ClientConfig, Environment } from '../config/index.ts';
import { ConfigError } from '../config/reader.ts';
import type { Client } from './client.ts';
import type { Context } from './context.ts';
import { findToken } from './token.ts';

/** The options that all commands share which ask a running service. */
export interface RemoteOptions {
  readonly server?: string;
  readonly tokenFile?: string;
  readonly json?: true;
}

/** Adds the shared options to a command. */
export function remote(command: Command): Command {
  return command
    .option(
      '--server <HOST:PORT>',
      "address of the service's gRPC or operator listener, https://HOST:PORT for TLS (default: KEYTURN_SERVER, or 127.0.0.1:50051)",
    )
    .option('--token-file <FILE>', "file with the operator's token (default: KEYTURN_OPERATOR_TOKEN, or operator.token of the data folder)")
    .option('--json', 'print one JSON document with the members of the REST API');
}

/** Finds the service by options and environment. Throws a Failure or a ConfigError. */
export async function openClient({ environment }: Context, { server, tokenFile }: RemoteOptions): Promise<Client> {
  const config = await readClient(environment, server);
  const token = findToken(config, tokenFile);
  // Loaded here, because help, usage and what needs no service should come at once.
  const { Client } = await import('./client.ts');
  return new Client({ server: config.server, tls: config.tls, token });
}

/** The option counts for more than the variable, and is what a complaint names then. */
async function readClient(environment: Environment, server: string | undefined): Promise<ClientConfig> {
  const { readClientConfig } = await import('../config/index.ts');
  if (server === undefined) return readClientConfig(environment);
  try {
    return readClientConfig({ ...environment, KEYTURN_SERVER: server });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ConfigError(error.message.split('\n').map((fault) => fault.replace(/^KEYTURN_SERVER /, '--server ')));
  }
}
