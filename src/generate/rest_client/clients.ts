import { readFileSync, readdirSync } from 'node:fs';
import type { DescFile } from '@bufbuild/protobuf';
import type { Schema } from '@bufbuild/protoplugin';
import type { Contract, Service } from '../../contract/model.ts';
import { Catalogue, moduleOf } from './catalogue.ts';
import { printEnum, printMessage, shownIn } from './messages.ts';
import { Printer, RUNTIME } from './printer.ts';
import { planRoute } from './route_plan.ts';
import type { RoutePlan } from './route_plan.ts';
import { printService } from './service.ts';
import type { ServicePlan } from './service.ts';
import { Shapes } from './shapes.ts';
import { answerStyleOf } from './style.ts';

const SOURCES = new URL('runtime/', import.meta.url);
const NOTE = '// Made by `npm run generate`: edits are lost.';

/** Writes what all clients share, as it stands in this folder. */
export function writeRuntime(schema: Schema): void {
  for (const name of readdirSync(SOURCES).toSorted()) {
    schema.generateFile(`${RUNTIME}/${name}`).print(NOTE, '\n', readFileSync(new URL(name, SOURCES), 'utf8').trimEnd());
  }
}

/** Writes the clients of a contract, with the messages that they show: a file for each of the protos. */
export function writeClients(schema: Schema, contract: Contract): void {
  const plans = contract.services.map(planService).filter(({ methods }) => methods.length > 0);
  const catalogue = new Catalogue(contract.image);
  for (const plan of plans.flatMap(({ methods }) => methods.flat())) catalogueRoute(catalogue, plan);
  for (const file of contract.image.registry.files) writeFile(schema, file, catalogue, plans.filter(({ service }) => service.desc.file === file));
}

function planService(service: Service): ServicePlan {
  const methods = service.methods.flatMap((method) => {
    const [first, ...others] = method.http.flatMap((rule) => planRoute(method, rule) ?? []);
    return first === undefined ? [] : [[first, ...others] as const];
  });
  return { service, methods };
}

function catalogueRoute(catalogue: Catalogue, plan: RoutePlan): void {
  const { method, raw, responseField } = plan;
  if (raw === undefined || raw.field !== undefined) catalogue.addRequest(plan);
  const style = answerStyleOf(method);
  if (responseField === undefined) catalogue.add(method.desc.output, style);
  else catalogue.addField(responseField, style);
}

function writeFile(schema: Schema, file: DescFile, catalogue: Catalogue, plans: readonly ServicePlan[]): void {
  const { messages, enums } = shownIn(file, catalogue);
  if (messages.length + enums.length + plans.length === 0) return;
  const printer = new Printer(schema.generateFile(moduleOf({ file }).replace(/^\.\/(.*)\.js$/, '$1.ts')), catalogue);
  printer.file.preamble(file);
  const shapes = new Shapes();
  for (const desc of enums) printEnum(printer, desc);
  for (const desc of messages) printMessage(printer, desc);
  // The routes name them, so that they stand before.
  for (const plan of plans.flatMap(({ methods }) => methods.flat())) shapes.queryOf(plan);
  shapes.print(printer);
  for (const plan of plans) printService(printer, shapes, plan);
}
