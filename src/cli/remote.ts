import type { Command } from 'commander';
import { ConfigError, readClientConfig } from '../config/index.ts';
import type { Environment } from '../config/index.ts';
import { Client } from './client.ts';
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
export function openClient({ environment }: Context, { server, tokenFile }: RemoteOptions): Client {
  const config = readClientConfig(server === undefined ? environment : withServer(environment, server));
  return new Client({ server: config.server, tls: config.tls, token: findToken(config, tokenFile) });
}

function withServer(environment: Environment, server: string): Environment {
  const own = { ...environment, KEYTURN_SERVER: server };
  try {
    readClientConfig(own);
    return own;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ConfigError(error.message.split('\n').map((fault) => fault.replace(/^KEYTURN_SERVER /, '--server ')));
  }
}
