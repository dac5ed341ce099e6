import type { DescEnum, DescField, DescFile, DescMessage, DescOneof } from '@bufbuild/protobuf';
import type { Printable } from '@bufbuild/protoplugin';
import { commentOf } from '../comments.ts';
import { stripEnumPrefix } from '../../contract/json/enum_names.ts';
import { typeNameOf } from './catalogue.ts';
import type { Catalogue, Variant } from './catalogue.ts';
import { typeOfField, unsetOf } from './field_types.ts';
import { NO_MEMBERS } from './printer.ts';
import type { Printer } from './printer.ts';
import { rawType } from './requests.ts';
import type { RoutePlan } from './route_plan.ts';
import { nameIn } from './style.ts';
import type { AnswerStyle, RequestStyle } from './style.ts';
import { docOf, propertyName, quote } from './text.ts';

/** The messages and enums of a file that clients show, those within messages too. */
export function shownIn(file: DescFile, catalogue: Catalogue): { readonly messages: DescMessage[]; readonly enums: DescEnum[] } {
  const messages = file.messages.flatMap(withInner);
  const enums = [...file.enums, ...messages.flatMap(({ nestedEnums }) => nestedEnums)];
  return {
    messages: messages.filter((desc) => desc.fields.length > 0 && catalogue.variantsOf(desc).length > 0),
    enums: enums.filter((desc) => catalogue.hasEnum(desc) && desc.typeName !== 'google.protobuf.NullValue'),
  };
}

function withInner(desc: DescMessage): DescMessage[] {
  return [desc, ...desc.nestedMessages.flatMap(withInner)];
}

/** Prints the interfaces of a message, one for each of its forms. */
export function printMessage(printer: Printer, desc: DescMessage): void {
  for (const variant of printer.catalogue.variantsOf(desc)) printVariant(printer, variant);
}

function printVariant(printer: Printer, { desc, style }: Variant): void {
  const { catalogue, file } = printer;
  const name = catalogue.nameOf(desc, style);
  const route = style.direction === 'in' ? catalogue.onlyRouteOf(desc) : undefined;
  const fields = desc.fields.filter((field) => route?.without.has(field) !== true).toSorted((a, b) => a.number - b.number);
  const doc = docOf(docWith(desc, commentOf(desc)));
  if (fields.length === 0) printer.print(doc, file.export('type', name), ' = ', NO_MEMBERS, ';');
  else printer.print(doc, file.export('interface', name), ' {');
  for (const field of fields) {
    printer.print(docOf(docWith(field, commentOf(field), oneofNote(field)), '  '), ...(style.direction === 'in' ? requestMember(printer, field, style, route) : answerMember(printer, field, style)));
  }
  if (fields.length > 0) printer.print('}');
  printer.print();
}

function requestMember(printer: Printer, field: DescField, style: RequestStyle, route: RoutePlan | undefined): Printable[] {
  const type = route?.raw?.field === field ? rawType(route, printer) : typeOfField(field, style, printer);
  const isNeeded = route?.needed.has(field) === true || printer.catalogue.isRequired(field);
  return ['  readonly ', propertyName(nameIn(field, style)), isNeeded ? ': ' : '?: ', type, isNeeded ? ';' : ' | undefined;'];
}

function answerMember(printer: Printer, field: DescField, style: AnswerStyle): Printable[] {
  const unset = unsetOf(field, style.unset);
  return ['  readonly ', propertyName(nameIn(field, style)), unset === 'absent' ? '?: ' : ': ', typeOfField(field, style, printer), unset === 'null' ? ' | null;' : ';'];
}

function oneofNote({ oneof }: DescField): string {
  return oneof === undefined ? '' : `At most one is set of ${memberNames(oneof)}.`;
}

function memberNames({ fields }: DescOneof): string {
  return fields.map(({ name }) => `\`${name}\``).join(', ');
}

/** Prints the words of an enum. */
export function printEnum(printer: Printer, desc: DescEnum): void {
  printer.print(docOf(docWith(desc, commentOf(desc))), printer.file.export('type', typeNameOf(desc)), ' =');
  const last = desc.values.at(-1);
  for (const value of desc.values) {
    const doc = docOf(docWith(value, commentOf(value)), '  ');
    printer.print(doc, '  | ', quote(stripEnumPrefix(desc, value.name)), value === last ? ';' : '');
  }
  printer.print();
}

/** A comment, with more paragraphs, and a mark for what is deprecated. */
export function docWith({ deprecated }: { readonly deprecated: boolean }, ...paragraphs: readonly string[]): string {
  return [...paragraphs, deprecated ? '@deprecated' : ''].filter((text) => text !== '').join('\n\n');
}
