import type { Run } from './database.ts';
import type { Origin } from './origin.ts';

/** A product to create. */
export interface NewProduct {
  readonly productId: string;
  readonly projectId: string;
  readonly name: string;
  readonly protocolType: string;
  readonly nbIot: boolean;
}

export interface ProductRow extends NewProduct {
  readonly createdAt: Date;
}

export type CreateProductResult = 'created' | 'product_exists' | 'project_missing';

const CREATE = {
  name: 'product_create',
  text: `with
    neu as (
      insert into product (project_id, product_id, name, protocol_type, nb_iot, created_at)
      select project_id, $2, $3, $4, $5, $6 from project where project_id = $1
      on conflict (project_id, product_id) do nothing
      returning project_id, product_id),
    au as (
      insert into audit_event (occurred_at, project_id, device_id, action, actor, request_id, peer, details)
      select $6, project_id, '', 'product.created', $7, $8, $9, json_build_object('product_id', product_id) from neu)
    select (select count(*) from neu)::int as created, exists (select from project where project_id = $1) as project_exists`,
};

const COLUMNS = 'project_id as "projectId", product_id as "productId", name, protocol_type as "protocolType", nb_iot as "nbIot", created_at as "createdAt"';
const LIST = {
  name: 'product_list',
  text: `select ${COLUMNS} from product where (project_id, product_id) > ($1, $2) order by project_id, product_id limit $3`,
};
const LIST_OF_PROJECT = {
  name: 'product_list_of_project',
  text: `select ${COLUMNS} from product where project_id = $1 and product_id > $2 order by product_id limit $3`,
};

/** Products. */
export class ProductStore {
  readonly #run: Run;

  constructor(run: Run) {
    this.#run = run;
  }

  async create(product: NewProduct, origin: Origin): Promise<CreateProductResult> {
    const [row] = await this.#run<{ created: number; project_exists: boolean }>(CREATE, [
      product.projectId, product.productId, product.name, product.protocolType, product.nbIot, origin.at, origin.actor, origin.requestId, origin.peer,
    ]);
    if (row?.created === 1) return 'created';
    return row?.project_exists === true ? 'product_exists' : 'project_missing';
  }

  /** Products after `after`, a project and a product, in the order of projects and products. */
  async list(projectId: string | undefined, after: readonly string[] | undefined, limit: number): Promise<ProductRow[]> {
    const [project = '', product = ''] = after ?? [];
    return projectId === undefined
      ? this.#run<ProductRow>(LIST, [project, product, limit])
      : this.#run<ProductRow>(LIST_OF_PROJECT, [projectId, product, limit]);
  }
}
