import type { Contract } from '../../contract/model.ts';
import type { Image } from '../../contract/image.ts';
import { SchemaRegistry } from './registry.ts';

/** What the parts of one document are made with. */
export interface Making {
  readonly contract: Contract;
  readonly image: Image;
  /** The schemas of messages, as far as they were asked for. */
  readonly schemas: SchemaRegistry;
  /** The package that the contract is: its messages go by their short names. */
  readonly packageName: string;
}

export function beginMaking(contract: Contract): Making {
  const packageName = contract.services[0]?.desc.file.proto.package ?? '';
  return { contract, image: contract.image, schemas: new SchemaRegistry(), packageName };
}
