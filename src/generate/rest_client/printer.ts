import type { DescEnum, DescMessage } from '@bufbuild/protobuf';
import type { GeneratedFile, Printable } from '@bufbuild/protoplugin';
import { moduleOf, typeNameOf } from './catalogue.ts';
import type { Catalogue } from './catalogue.ts';
import type { Names } from './field_types.ts';
import type { Style } from './style.ts';

/** The folder of what all clients share. */
export const RUNTIME = 'rest/runtime';

/** Writes one file: names of other files are imported into it. */
export class Printer implements Names {
  readonly file: GeneratedFile;
  readonly catalogue: Catalogue;

  constructor(file: GeneratedFile, catalogue: Catalogue) {
    this.file = file;
    this.catalogue = catalogue;
  }

  print(...pieces: Printable[]): void {
    this.file.print(...pieces);
  }

  readonly runtime = (name: string): Printable => this.file.import(name, `./${RUNTIME}/index.js`, true);

  /** A value, or a type, of one module of the runtime. */
  internal(name: string, module: string, isType = false): Printable {
    return this.file.import(name, `./${RUNTIME}/${module}.js`, isType);
  }

  readonly enum = (desc: DescEnum): Printable => this.file.import(typeNameOf(desc), moduleOf(desc), true);

  readonly message = (desc: DescMessage, style: Style): Printable => {
    if (desc.fields.length === 0) return NO_MEMBERS;
    return this.file.import(this.catalogue.nameOf(desc, style), moduleOf(desc), true);
  };
}

/** An object without members; an empty interface would take any. */
export const NO_MEMBERS = 'Readonly<Record<string, never>>';
