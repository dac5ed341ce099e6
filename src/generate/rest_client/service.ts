import { Envelope } from '../../../gen/keyturn/options/v1/options.ts';
import type { Service } from '../../contract/model.ts';
import { commentOf } from '../comments.ts';
import { planAnswer } from './answers.ts';
import { printMethod, printRoutes } from './method.ts';
import { docWith } from './messages.ts';
import type { Printer } from './printer.ts';
import type { RoutePlan } from './route_plan.ts';
import type { Shapes } from './shapes.ts';
import { docOf, literalOf, propertyName, quote, unionOf } from './text.ts';
import { wordsOf } from './words.ts';

/** A service with the routes of its methods; a method has one at least. */
export interface ServicePlan {
  readonly service: Service;
  readonly methods: readonly (readonly [RoutePlan, ...RoutePlan[]])[];
}

/** Prints what a service needs at run time, its client, and what tells its errors. */
export function printService(printer: Printer, shapes: Shapes, plan: ServicePlan): void {
  for (const routes of plan.methods) printRoutes(printer, routes);
  printTable(printer, shapes, plan);
  printClient(printer, plan);
  printErrors(printer, plan);
}

/** The name of the constant with the routes of a service. */
function tableOf({ desc }: Service): string {
  return `${desc.name.charAt(0).toLowerCase()}${desc.name.slice(1)}Routes`;
}

function printTable(printer: Printer, shapes: Shapes, { service, methods }: ServicePlan): void {
  const routeType = printer.internal('Route', 'route', true);
  printer.print('const ', tableOf(service), ' = {');
  for (const routes of methods) {
    const [{ method }, ...others] = routes;
    const name = propertyName(method.desc.localName);
    if (others.length === 0) printer.print('  ', name, ': ', routeLiteral(routes[0], shapes), ',');
    else {
      printer.print('  ', name, ': {');
      for (const route of routes) printer.print('    ', quote(route.name), ': ', routeLiteral(route, shapes), ',');
      printer.print('  },');
    }
  }
  printer.print('} satisfies Record<string, ', routeType, ' | Record<string, ', routeType, '>>;');
  printer.print();
}

function routeLiteral(plan: RoutePlan, shapes: Shapes): string {
  const { name, httpMethod, path, body, queryFields } = plan;
  const { form, forms, neverNull, headers } = planAnswer(plan);
  const query = queryFields.length === 0 ? undefined : shapes.queryOf(plan);
  const answers = {
    answer: form === 'json' ? undefined : form,
    forms: Object.keys(forms).length === 0 ? undefined : forms,
    neverNull: neverNull || undefined,
    headers: headers.length === 0 ? undefined : headers,
  };
  const request = literalOf({ name, method: httpMethod, path, body });
  const rest = literalOf(answers);
  // The query is a name, and no literal.
  const parts = [request.slice(2, -2), ...(query === undefined ? [] : [`query: ${query}`]), ...(rest === '{}' ? [] : [rest.slice(2, -2)])];
  return `{ ${parts.join(', ')} }`;
}

function printClient(printer: Printer, { service, methods }: ServicePlan): void {
  const { desc } = service;
  const connection = printer.internal('RestConnection', 'connection');
  printer.print(docOf(docWith(desc, commentOf(desc))), printer.file.export('class', `${desc.name}Client`), ' {');
  printer.print('  readonly #connection: ', connection, ';');
  printer.print();
  printer.print('  constructor(options: ', printer.runtime('ClientOptions'), ') {');
  printer.print('    this.#connection = new ', connection, `(options, { service: ${quote(desc.typeName)}, envelopes: [${envelopesOf(service).map(quote).join(', ')}] });`);
  printer.print('  }');
  for (const routes of methods) printMethod(printer, routes, tableOf(service));
  printer.print('}');
  printer.print();
}

function printErrors(printer: Printer, { service, methods }: ServicePlan): void {
  const { desc } = service;
  const envelopes = unionOf([...envelopesOf(service), ...(methods.some(([{ method }]) => method.isStream) ? ['RPC_STATUS'] : [])]);
  const words = methods.flatMap(([{ method }]) => [...method.reasons].flatMap(wordsOf));
  printer.print(docOf(`The code words of the refusals of ${desc.name}, if no setting of the service replaces them.`), printer.file.export('type', `${desc.name}Code`), ' = ', unionOf(words.toSorted()), ';');
  printer.print();
  printer.print(docOf(`Whether an error is a refusal of ${desc.name}, in its own form.`), printer.file.export('function', `is${desc.name}Error`), '(error: unknown): error is ', printer.runtime('ErrorOf'), `<${envelopes}, ${desc.name}Code> {`);
  printer.print('  return ', printer.internal('isErrorOf', 'index'), `(error, ${quote(desc.typeName)});`);
  printer.print('}');
  printer.print();
}

const ENVELOPES = new Map(Object.entries(Envelope).map(([name, number]) => [number, name.replace('ENVELOPE_', '')]));

function envelopesOf({ rules }: Service): string[] {
  return [rules.envelope, rules.fallbackEnvelope].filter((envelope) => envelope > 0).map((envelope) => ENVELOPES.get(envelope) ?? '');
}
