import type { DescField, DescMessage } from '@bufbuild/protobuf';
import { JsonNames } from '../../../gen/keyturn/options/v1/options.ts';
import { isTextField } from '../../contract/json/text.ts';
import { typeNameOf } from './catalogue.ts';
import { isFollowed } from './route_plan.ts';
import type { RoutePlan } from './route_plan.ts';
import type { Printer } from './printer.ts';
import { nameIn, requestStyleOf } from './style.ts';
import type { RequestStyle } from './style.ts';
import { propertyName, quote } from './text.ts';

/** They are objects or lists, or may be null, and written as JSON text in a query. */
const JSON_TEXTS = new Set(['google.protobuf.Struct', 'google.protobuf.Value', 'google.protobuf.ListValue', 'google.protobuf.NullValue']);

/** The messages of queries that hold more than plain values. */
export class Shapes {
  readonly #used = new Map<string, { readonly desc: DescMessage; readonly style: RequestStyle }>();

  /** What the query of a route is written by: the name of a constant, or an empty literal where all values are plain. */
  queryOf({ method, queryFields }: RoutePlan): string {
    return queryFields.some((field) => isSpecialField(field, new Set())) ? this.#nameOf(method.desc.input, requestStyleOf(method)) : '{}';
  }

  #nameOf(desc: DescMessage, style: RequestStyle): string {
    const name = `${typeNameOf(desc)}In${style.names === JsonNames.JSON_NAMES_PROTO ? 'Proto' : 'Json'}Query`;
    if (!this.#used.has(name)) {
      this.#used.set(name, { desc, style });
      for (const { fieldKind, message } of desc.fields) if (fieldKind === 'message' && formOf(message) === undefined && isSpecial(message, new Set())) this.#nameOf(message, style);
    }
    return name;
  }

  /** Prints the constants; they may name each other in circles, and so by getters. */
  print(printer: Printer): void {
    for (const [constant, { desc, style }] of this.#used) {
      printer.print('const ', constant, ': ', printer.internal('QueryShape', 'route', true), ' = {');
      for (const field of desc.fields) {
        const name = propertyName(nameIn(field, style));
        const form = formOfField(field);
        if (form !== undefined) printer.print('  ', name, ': ', quote(form), ',');
        else if (field.message !== undefined && field.fieldKind === 'message' && isSpecial(field.message, new Set())) {
          printer.print('  get ', name, '() {');
          printer.print('    return ', this.#nameOf(field.message, style), ';');
          printer.print('  },');
        }
      }
      printer.print('};');
      printer.print();
    }
  }
}

/** How a field is written that is no plain value, nor a message whose fields are. */
function formOfField(field: DescField): 'json' | 'jsons' | 'none' | undefined {
  const form = formOf(field.message ?? field.enum);
  if (field.fieldKind === 'map' || (field.message !== undefined && field.fieldKind === 'list' && !isTextField(field))) return 'none';
  return form === 'json' && field.fieldKind === 'list' ? 'jsons' : form;
}

function formOf(desc: { readonly typeName: string } | DescMessage | undefined): 'json' | 'none' | undefined {
  if (desc === undefined) return undefined;
  if (JSON_TEXTS.has(desc.typeName)) return 'json';
  return 'fields' in desc && !isFollowed(desc) ? 'none' : undefined;
}

function isSpecial(desc: DescMessage, seen: Set<DescMessage>): boolean {
  if (seen.has(desc)) return false;
  seen.add(desc);
  return desc.fields.some((field) => isSpecialField(field, seen));
}

function isSpecialField(field: DescField, seen: Set<DescMessage>): boolean {
  return formOfField(field) !== undefined || (field.fieldKind === 'message' && !isTextField(field) && isSpecial(field.message, seen));
}
