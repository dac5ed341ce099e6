import type { Run } from './database.ts';
import { valuesOf } from './origin.ts';
import type { Origin } from './origin.ts';

/** A device as a list of the IoTDA API has it, with its resource space and its product. */
export interface IotDeviceRow {
  readonly device_id: string;
  readonly node_id: string;
  /** Null: it has no parent. */
  readonly gateway_id: string | null;
  readonly device_name: string | null;
  readonly description: string | null;
  readonly product_id: string;
  /** Empty: it was created without a name; null: it was never created. */
  readonly product_name: string | null;
  readonly app_id: string;
  readonly app_name: string;
  readonly state: 'ACTIVE' | 'FROZEN';
  /** When it was first accepted. */
  readonly active_at: Date | null;
  readonly record_id: Buffer;
}

/** All that is shown of a device but its secrets. */
export interface IotDeviceDetails extends IotDeviceRow {
  readonly auth_type: string;
  readonly fingerprint: string | null;
  readonly secondary_fingerprint: string | null;
  readonly secure_access: boolean;
  /** Seconds; 0: none. */
  readonly timeout: number;
  readonly created_at: Date;
  readonly extension_info: Record<string, unknown> | null;
}

/** A device with its sealed secrets; null where it has none. */
export interface IotDeviceWithSecrets extends IotDeviceDetails {
  readonly primary_key_id: string | null;
  readonly primary_box: Buffer | null;
  readonly secondary_key_id: string | null;
  readonly secondary_box: Buffer | null;
}

/** Which devices of a project to list. What is undefined does not count. */
export interface IotDeviceFilter {
  readonly projectId: string;
  readonly productId: string | undefined;
  readonly nodeId: string | undefined;
  readonly deviceName: string | undefined;
  /** Record ids from this one on. */
  readonly from: Buffer;
  /** Record ids up to this one. */
  readonly to: Buffer;
  /** Only descendants of a device: its children, and with `cascade` theirs. */
  readonly gateway: { readonly deviceId: string; readonly cascade: boolean } | undefined;
}

/** Which of the matches to show. */
export interface IotDevicePage {
  /** Record ids below this one. */
  readonly before: Buffer;
  readonly offset: number;
  readonly limit: number;
}

export interface IotDeviceList {
  /** The newest first. */
  readonly rows: readonly IotDeviceRow[];
  /** All matches of the filter. */
  readonly count: number;
}

const SUMMARY = `d.device_id, d.node_id, d.gateway_id, d.device_name, d.description, d.product_id, q.name as product_name,
  p.app_id, p.name as app_name, d.state, d.active_at, d.record_id`;
const DETAILS = `d.auth_type, d.fingerprint, d.secondary_fingerprint, d.secure_access, d.timeout, d.created_at, d.extension_info`;
const JOINS = `join project p on p.project_id = d.project_id
  left join product q on q.project_id = d.project_id and q.product_id = d.product_id`;

/** The columns of IotDeviceDetails from a device `d` with its project `p` and product `q`. */
export const IOT_DEVICE_DETAILS = `${SUMMARY}, ${DETAILS}`;

const SHOW = {
  name: 'iot_device_show',
  text: `with
    shown as (
      select ${IOT_DEVICE_DETAILS}, d.project_id, s1.key_id as primary_key_id, s1.box as primary_box, s2.key_id as secondary_key_id, s2.box as secondary_box
      from device d ${JOINS}
      left join device_secret s1 on s1.device_id = d.device_id and s1.slot = 'PRIMARY'
      left join device_secret s2 on s2.device_id = d.device_id and s2.slot = 'SECONDARY'
      where d.device_id = $5 and d.project_id = $6),
    au as (
      insert into audit_event (occurred_at, project_id, device_id, action, actor, request_id, peer, details)
      select $1, project_id, device_id, 'device_secret.read', $2, $3, $4, '{}' from shown)
    select * from shown`,
};

const HAS_APP = { name: 'iot_device_has_app', text: 'select from project where project_id = $1 and app_id = $2' };

const AUDIT_LIST = {
  name: 'iot_device_audit_list',
  text: `insert into audit_event (occurred_at, project_id, device_id, action, actor, request_id, peer, details)
    values ($1, $5, '', 'device.listed', $2, $3, $4, '{}')`,
};

/** $1 to $6 are the filter, $7 to $9 the page, $10 the parent. */
function listOf(descendants: string): string {
  const matches = `d.project_id = $1 and d.record_id >= $2 and d.record_id <= $3
    and ($4::text is null or d.product_id = $4) and ($5::text is null or d.node_id = $5)
    and ($6::text is null or d.device_name = $6) ${descendants}`;
  return `with
    page as (
      select ${SUMMARY} from device d ${JOINS} where ${matches} and d.record_id < $7
      order by d.record_id desc offset $8 limit $9)
    select (select count(*)::int from device d where ${matches}) as count, page.*
      from (values (1)) one left join page on true`;
}

const LIST = { name: 'iot_device_list', text: listOf('') };
const LIST_CHILDREN = { name: 'iot_device_list_children', text: listOf('and d.gateway_id = $10::text') };
const LIST_DESCENDANTS = {
  name: 'iot_device_list_descendants',
  text: listOf('and d.gateway_id in (select $10::text union all select child.device_id from device child where child.gateway_id = $10::text)'),
};

/** Devices as applications read them (contracts/iotda.md sections 7.3 and 7.4). */
export class IotDeviceReader {
  readonly #run: Run;

  constructor(run: Run) {
    this.#run = run;
  }

  /** Reads a device of a project with its secrets, which leaves an audit event; undefined if there is no such device. */
  async show(projectId: string, deviceId: string, origin: Origin): Promise<IotDeviceWithSecrets | undefined> {
    const [row] = await this.#run<IotDeviceWithSecrets>(SHOW, [...valuesOf(origin), deviceId, projectId]);
    return row;
  }

  /** Whether this is the resource space of the project. */
  async hasApp(projectId: string, appId: string): Promise<boolean> {
    return (await this.#run(HAS_APP, [projectId, appId])).length > 0;
  }

  async list(filter: IotDeviceFilter, { before, offset, limit }: IotDevicePage): Promise<IotDeviceList> {
    const { projectId, from, to, productId, nodeId, deviceName, gateway } = filter;
    const values = [projectId, from, to, productId, nodeId, deviceName, before, offset, limit];
    type Listed = IotDeviceRow & { count: number };
    const listed = await (gateway === undefined
      ? this.#run<Listed>(LIST, values)
      : this.#run<Listed>(gateway.cascade ? LIST_DESCENDANTS : LIST_CHILDREN, [...values, gateway.deviceId]));
    // Without a match there is one row, which has the count alone.
    const rows = listed.filter(({ device_id: deviceId }) => deviceId !== null);
    return { rows: rows.toSorted((one, other) => Buffer.compare(other.record_id, one.record_id)), count: listed[0]?.count ?? 0 };
  }

  /** Leaves an audit event of a list, which names no device. */
  async auditList(projectId: string, origin: Origin): Promise<void> {
    await this.#run(AUDIT_LIST, [...valuesOf(origin), projectId]);
  }
}
