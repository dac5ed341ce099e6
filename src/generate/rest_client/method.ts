import type { Printable } from '@bufbuild/protoplugin';
import type { Method } from '../../contract/model.ts';
import { commentOf } from '../comments.ts';
import { answerType, contentType, planAnswer, unchangedType } from './answers.ts';
import { docWith } from './messages.ts';
import type { Printer } from './printer.ts';
import { mayBeEmpty, requestType } from './requests.ts';
import type { RoutePlan } from './route_plan.ts';
import { docOf, propertyName, quote, unionOf } from './text.ts';
import { wordsOf } from './words.ts';

type Routes = readonly [RoutePlan, ...RoutePlan[]];

/** Prints the method of a client; `table` is the constant with its routes. */
export function printMethod(printer: Printer, routes: Routes, table: string): void {
  const [plan, ...others] = routes;
  const { method } = plan;
  printer.print();
  printer.print(docOf(docWith(method.desc, commentOf(method.desc), routesNote(routes), refusalsNote(method)), '  ').trimEnd());
  if (others.length === 0) printOne(printer, plan, `${table}.${method.desc.localName}`);
  else printSeveral(printer, routes, `${table}.${method.desc.localName}`);
}

function routesNote(routes: Routes): string {
  if (routes.length === 1) return `\`${routes[0].name}\``;
  return `By the option \`route\`, the first unless it is given: ${routes.map(({ name }) => `\`${name}\``).join(', ')}`;
}

function refusalsNote({ rules, reasons }: Method): string {
  const own = [...reasons].filter(({ name }) => rules.reasons.includes(name));
  return own.map((reason) => `@throws RestError ${reason.rules.httpStatus} \`${wordsOf(reason)[0] ?? ''}\`: ${reason.rules.sentence}`).join('\n');
}

function isBinary(name: string): boolean {
  return name.endsWith('-bin');
}

function optionsType(printer: Printer, { rules }: Method, more: Printable = []): Printable {
  const text = rules.requestHeaders.filter((name) => !isBinary(name));
  const binary = rules.requestHeaders.filter(isBinary);
  const type = printer.runtime('RequestOptions');
  if (binary.length > 0) return [type, '<', unionOf(text), ', ', unionOf(binary), '>', more];
  return text.length > 0 ? [type, '<', unionOf(text), '>', more] : [type, more];
}

function printOne(printer: Printer, plan: RoutePlan, route: string): void {
  const { method } = plan;
  const name = method.desc.localName;
  const request = [requestType(plan, printer)];
  const initial = mayBeEmpty(plan, printer) ? ' = {}' : '';
  const options = optionsType(printer, method);
  if (method.isStream) {
    printer.print('  ', name, '(request: ', request, initial, ', options?: ', options, '): ', streamType(printer, plan), ' {');
    return printBody(printer, 'stream', route);
  }
  const call = printer.runtime('RestCall');
  const answer = answerType(plan, printer);
  if (method.rules.maxAgeSeconds > 0) {
    const condition = printer.runtime('WithCondition');
    printer.print('  ', name, '(request: ', request, ', options: ', options, ' & ', condition, '): ', call, '<', answer, ' | ', unchangedType(plan, printer), '>;');
    printer.print('  ', name, '(request', initial === '' ? '' : '?', ': ', request, ', options?: ', options, '): ', call, '<', answer, '>;');
    printer.print('  ', name, '(request: ', request, initial, ', options?: ', options, ' & Partial<', condition, '>): ', call, '<', printer.runtime('Answer'), '> {');
    return printBody(printer, 'call', route);
  }
  printer.print('  ', name, '(request: ', request, initial, ', options?: ', options, '): ', call, '<', answer, '> {');
  printBody(printer, 'call', route);
}

function printBody(printer: Printer, how: 'call' | 'stream', route: string): void {
  printer.print('    return this.#connection.', how, '(', route, ', request, options);');
  printer.print('  }');
}

function streamType(printer: Printer, plan: RoutePlan): Printable {
  const { headers } = planAnswer(plan);
  return [printer.runtime('RestStream'), '<', contentType(plan, printer), headers.length === 0 ? [] : [', ', unionOf(headers)], '>'];
}

/** The requests and answers of a method by its routes. */
export function printRoutes(printer: Printer, routes: Routes): void {
  const { method } = routes[0];
  if (routes.length === 1) return;
  printer.print(docOf(`What ${method.desc.name} takes and gives, by route.`), printer.file.export('interface', routesName(method)), ' {');
  for (const plan of routes) {
    const result = method.isStream ? streamType(printer, plan) : answerType(plan, printer);
    const kept = method.rules.maxAgeSeconds > 0 ? ['; readonly unchanged: ', unchangedType(plan, printer)] : [];
    printer.print('  readonly ', propertyName(plan.name), ': { readonly request: ', requestType(plan, printer), '; readonly answer: ', result, kept, ' };');
  }
  printer.print('}');
  printer.print();
}

function routesName({ desc }: Method): string {
  return `${desc.parent.name}${desc.name}Routes`;
}

function printSeveral(printer: Printer, routes: Routes, table: string): void {
  const [{ method, name: first }] = routes;
  const type = routesName(method);
  const parameter = `<Name extends keyof ${type} = ${quote(first)}>`;
  const { localName } = method.desc;
  const own = optionsType(printer, method, ' & { readonly route?: Name | undefined }');
  const request = `(request: ${type}[Name]['request'], `;
  const chosen = `${table}[options?.route ?? ${quote(first)}]`;
  const call = printer.runtime('RestCall');
  if (method.isStream) {
    printer.print('  ', localName, parameter, request, 'options?: ', own, `): ${type}[Name]['answer'] {`);
    printer.print('    return this.#connection.stream(', chosen, `, request, options) as ${type}[Name]['answer'];`);
    printer.print('  }');
    return;
  }
  if (method.rules.maxAgeSeconds === 0) {
    printer.print('  ', localName, parameter, request, 'options?: ', own, '): ', call, `<${type}[Name]['answer']> {`);
    return printBody(printer, 'call', chosen);
  }
  const condition = printer.runtime('WithCondition');
  printer.print('  ', localName, parameter, request, 'options: ', own, ' & ', condition, '): ', call, `<${type}[Name]['answer'] | ${type}[Name]['unchanged']>;`);
  printer.print('  ', localName, parameter, request, 'options?: ', own, '): ', call, `<${type}[Name]['answer']>;`);
  printer.print('  ', localName, parameter, request, 'options?: ', own, ' & Partial<', condition, '>): ', call, '<', printer.runtime('Answer'), '> {');
  printBody(printer, 'call', chosen);
}
