import type { Command } from 'commander';
import { confirm } from './confirm.ts';
import type { Context } from './context.ts';
import { addDeviceAddCommand } from './device_add.ts';
import { examples } from './examples.ts';
import { rowsOf } from './json.ts';
import { readList } from './list.ts';
import { printJson, printRecord, printTable } from './print.ts';
import { openClient, remote } from './remote.ts';
import type { RemoteOptions } from './remote.ts';
import { cut, keep, wrap } from './table.ts';

const DEVICE_COLUMNS = [keep('device_id'), keep('project_id'), keep('state'), keep('updates_allowed'), wrap('updated_at'), cut('key_thumbprint')];
const SECRET_COLUMNS = [keep('slot'), wrap('set_at'), wrap('last_used_at'), keep('master_key_id')];
const KEY_COLUMNS = [keep('thumbprint'), keep('algorithm'), keep('state'), wrap('activated_at'), wrap('retired_at'), wrap('rotation_id')];

/** Adds `device` with its subcommands. */
export function addDeviceCommands(program: Command, context: Context): void {
  const device = program.command('device').description('register, show, freeze and remove devices');
  examples(device, ['keyturn device add pump-7 --public-key pump-7.pub.pem', 'keyturn device list']);
  addDeviceAddCommand(device, context);
  addList(device, context);
  addOne(device, context, { name: 'show', description: 'show a device', call: 'getDevice' });
  addOne(device, context, {
    name: 'freeze',
    description: 'refuse a device until it is unfrozen; its session and its access tokens end for good',
    call: 'freezeDevice',
  });
  addOne(device, context, {
    name: 'unfreeze',
    description: 'let a frozen device in again',
    call: 'unfreezeDevice',
  });
  addSetScopes(device, context);
  addRemove(device, context);
  addKeys(device, context);
  addSecrets(device, context);
}

function addList(device: Command, context: Context): void {
  const command = remote(device.command('list').description('list all devices in the order of their ids'))
    .option('--project <ID>', 'only devices of this project')
    .action(async ({ project = '', ...options }: RemoteOptions & { project?: string }) => {
      using client = await openClient(context, options);
      const { document, rows } = await readList('devices', Infinity, (page) =>
        client.ask(client.operator.listDevices, { projectId: project, ...page }),
      );
      if (options.json) printJson(context, document);
      else printTable(context, rows, DEVICE_COLUMNS, 'devices');
    });
  examples(command, ['keyturn device list', 'keyturn device list --project plant-3 --json']);
}

type DeviceCall = 'getDevice' | 'freezeDevice' | 'unfreezeDevice';

/** A command that takes a device's id and answers with the device. */
function addOne(device: Command, context: Context, { name, description, call }: { name: string; description: string; call: DeviceCall }): void {
  const command = remote(device.command(name).description(description).argument('<device_id>', 'the device')).action(
    async (deviceId: string, options: RemoteOptions) => {
      using client = await openClient(context, options);
      const answer = await client.ask(client.operator[call], { deviceId });
      if (options.json) printJson(context, answer);
      else printRecord(context, answer);
    },
  );
  examples(command, [`keyturn device ${name} pump-7`]);
}

function addSetScopes(device: Command, context: Context): void {
  const description = 'set the scope words that a device may ask for, none if none is given; tokens that grant another word end';
  const command = remote(device.command('set-scopes').description(description).argument('<device_id>', 'the device').argument('[scopes...]', 'scope words')).action(
    async (deviceId: string, scopes: string[], options: RemoteOptions) => {
      using client = await openClient(context, options);
      const answer = await client.ask(client.operator.setDeviceScopes, { deviceId, scopes });
      if (options.json) printJson(context, answer);
      else printRecord(context, answer);
    },
  );
  examples(command, ['keyturn device set-scopes pump-7 telemetry.write refresh.token', 'keyturn device set-scopes pump-7']);
}

function addRemove(device: Command, context: Context): void {
  const description = 'remove a device for good; its key is revoked and never accepted again';
  const command = remote(device.command('remove').description(description).argument('<device_id>', 'the device'))
    .option('-y, --yes', 'do not ask for confirmation')
    .action(async (deviceId: string, options: RemoteOptions & { yes?: true }) => {
      if (!options.yes) await confirm(context, `Remove device ${deviceId} for good? Its key will never be accepted again.`);
      using client = await openClient(context, options);
      const answer = await client.ask(client.operator.deleteDevice, { deviceId });
      if (options.json) printJson(context, answer);
      else context.stdout.write(`removed ${deviceId}\n`);
    });
  examples(command, ['keyturn device remove pump-7', 'keyturn device remove pump-7 --yes']);
}

function addKeys(device: Command, context: Context): void {
  const description = 'list the keys that a device has and had, newest first; those of a removed device too';
  const command = remote(device.command('keys').description(description).argument('<device_id>', 'the device'))
    .option('--jwks', 'print the key that counts now, if there is one, as a JSON Web Key Set, by which others verify its JWTs')
    .action(async (deviceId: string, { jwks, ...options }: RemoteOptions & { jwks?: true }) => {
      using client = await openClient(context, options);
      if (jwks) return printJson(context, await client.ask(client.operator.getDeviceKeySet, { deviceId, includeRetired: false }));
      const { document, rows } = await readList('keys', Infinity, (page) =>
        client.ask(client.operator.listDeviceKeys, { deviceId, ...page }),
      );
      if (options.json) printJson(context, document);
      else printTable(context, rows, KEY_COLUMNS, `keys of ${deviceId}`);
    });
  examples(command, ['keyturn device keys pump-7', 'keyturn device keys pump-7 --json', 'keyturn device keys pump-7 --jwks']);
}

function addSecrets(device: Command, context: Context): void {
  const description = 'tell when the secrets of a device were set and last used, never what they are';
  const command = remote(device.command('secrets').description(description).argument('<device_id>', 'the device')).action(
    async (deviceId: string, options: RemoteOptions) => {
      using client = await openClient(context, options);
      const answer = await client.ask(client.operator.listDeviceSecrets, { deviceId });
      if (options.json) printJson(context, answer);
      else printTable(context, rowsOf(answer, 'secrets'), SECRET_COLUMNS, `secrets of ${deviceId}`);
    },
  );
  examples(command, ['keyturn device secrets pump-9']);
}
