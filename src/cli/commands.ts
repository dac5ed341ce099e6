import { readFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import { Command } from 'commander';
import { addAccessKeyCommands } from './access_key.ts';
import { addAuditCommands } from './audit.ts';
import { addCompletionCommand } from './completion/command.ts';
import type { Context } from './context.ts';
import { addDeviceCommands } from './device.ts';
import { addTokenCommand } from './device_token.ts';
import { addDoctorCommand } from './doctor.ts';
import { addEventCommands } from './events.ts';
import { examples } from './examples.ts';
import { addIdentityCommands } from './identity.ts';
import { addIntrospectClientCommand } from './introspect_client.ts';
import { addIssuerCommands } from './issuer.ts';
import { addKeyringCommands } from './keyring.ts';
import { addMessageCommands } from './message.ts';
import { addMigrateCommand } from './migrate.ts';
import { widthOfTerminal } from './print.ts';
import { addProductCommands } from './product.ts';
import { addProjectCommands } from './project.ts';
import { addResetSecretCommand } from './reset_secret.ts';
import { addRotateCommand } from './rotate.ts';
import { addServeCommand } from './serve.ts';
import { tellPeople } from './trouble.ts';
import { addUserCommands } from './user.ts';

/** Of help that goes elsewhere than to a terminal. */
const HELP_WIDTH = 80;

const EPILOGUE = `
Environment:
  KEYTURN_SERVER          address of the service's gRPC or operator listener,
                          default 127.0.0.1:50051; https://HOST:PORT for TLS
  KEYTURN_SERVER_CA       certificate authorities to trust in place of the
                          usual ones, PEM file
  KEYTURN_SERVER_CERT     client certificate chain for mutual TLS, PEM file,
                          with its key in KEYTURN_SERVER_KEY
  KEYTURN_OPERATOR_TOKEN  the operator's token, default the one in
                          operator.token of the data folder
  KEYTURN_DATA_DIR        the data folder, default ./data
  NO_COLOR, FORCE_COLOR   no colours, and colours elsewhere than on a terminal

Exit codes:
  0    done
  1    failed: the service is away or faulty, or something is left to do
  2    wrong usage or settings
  3    refused by the service: not allowed, not found, already there
  130  ended by Ctrl-C, as shells count it; 143 by SIGTERM`;

export interface ProgramOptions {
  /** What is wrong with the words is thrown and not written. */
  readonly isJson?: boolean;
  /** Takes the exit code of a command that has written what went wrong by itself. */
  readonly finish: (exitCode: number) => void;
}

/** All commands. */
export function createProgram(context: Context, { isJson = false, finish }: ProgramOptions): Command {
  const program = new Command('keyturn')
    .description('Changes and checks the credentials of devices.')
    .version(readVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help on a command')
    .exitOverride()
    .configureHelp({ minWidthToWrap: 20 })
    .showHelpAfterError(!isJson && 'Add --help to see how the command is used.')
    .configureOutput({
      writeOut: (text) => context.stdout.write(text),
      writeErr: (text) => context.stderr.write(text),
      outputError: (text) => isJson || tellPeople(context, text.replace(/^error: /, '').trimEnd()),
      getOutHelpWidth: () => widthOfTerminal(context.stdout) ?? HELP_WIDTH,
      getErrHelpWidth: () => widthOfTerminal(context.stderr) ?? HELP_WIDTH,
    })
    .addHelpText('after', EPILOGUE);
  addServeCommand(program, context, finish);
  addMigrateCommand(program, context);
  addDoctorCommand(program, context, finish);
  addDeviceCommands(program, context);
  addProjectCommands(program, context);
  addProductCommands(program, context);
  addUserCommands(program, context);
  addAccessKeyCommands(program, context);
  addIntrospectClientCommand(program, context);
  addIdentityCommands(program, context);
  addAuditCommands(program, context);
  addEventCommands(program, context);
  addKeyringCommands(program, context);
  addIssuerCommands(program, context);
  addMessageCommands(program, context);
  addResetSecretCommand(program, context);
  addRotateCommand(program, context);
  addTokenCommand(program, context);
  addCompletionCommand(program, context);
  return examples(program, ['keyturn serve', 'keyturn device add pump-7 --public-key pump-7.pub.pem', 'keyturn device list --json', 'keyturn help device']);
}

function readVersion(): string {
  // Looked up, because this file is at another depth once it is built.
  const path = findPackageJSON(import.meta.url);
  if (path === undefined) throw new Error('package.json is missing');
  const { version } = JSON.parse(readFileSync(path, 'utf8')) as { version: string };
  return version;
}
