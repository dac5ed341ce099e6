import { ErrorReason } from '../../../gen/keyturn/v1/error_reason.ts';
import type { CreateProductRequest, CreateProductResponse, ListProductsRequest, ListProductsResponse } from '../../../gen/keyturn/v1/operator_service.ts';
import type { Product } from '../../../gen/keyturn/v1/product.ts';
import type { Call } from '../../call/call.ts';
import type { Clock } from '../../clock.ts';
import type { ProductRow, ProductStore } from '../../db/product.ts';
import { ApiError } from '../../errors.ts';
import { originOf } from '../origin.ts';
import { readPage } from './page.ts';
import { DEFAULT_PROJECT, projectNotFound, toTimestamp } from './resources.ts';

const DEFAULT_PROTOCOL = 'MQTT';

/** The calls of OperatorService that concern products. */
export class Products {
  readonly #store: ProductStore;
  readonly #clock: Clock;

  constructor(store: ProductStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  async create(request: CreateProductRequest, call: Call): Promise<CreateProductResponse> {
    const origin = originOf(call, this.#clock);
    const product = {
      productId: request.productId,
      projectId: request.projectId || DEFAULT_PROJECT,
      name: request.name,
      protocolType: request.protocolType || DEFAULT_PROTOCOL,
      nbIot: request.nbIot,
    };
    switch (await this.#store.create(product, origin)) {
      case 'created':
        return { product: toProduct({ ...product, createdAt: origin.at }) };
      case 'product_exists':
        throw new ApiError(ErrorReason.ERROR_REASON_PRODUCT_EXISTS, 'the product id is taken');
      default:
        throw projectNotFound();
    }
  }

  async list(request: ListProductsRequest): Promise<ListProductsResponse> {
    const projectId = request.projectId || undefined;
    const page = await readPage(
      request,
      2,
      (after, limit) => this.#store.list(projectId, after, limit),
      (row) => [row.projectId, row.productId],
    );
    return { products: page.rows.map(toProduct), nextPageToken: page.nextPageToken };
  }
}

function toProduct({ createdAt, ...product }: ProductRow): Product {
  return { ...product, createdAt: toTimestamp(createdAt) };
}
