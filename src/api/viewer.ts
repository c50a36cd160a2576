import { NOBODYS_TENANT } from '../governance/sources.ts';

/** What a viewer may do: customers read, analysts also correct, operators also run. */
export const ROLES = ['customer', 'analyst', 'operator'] as const;
export type Role = (typeof ROLES)[number];

/** Who asks. */
export interface Viewer {
  /** The person, or the program, as the token calls it. */
  readonly name: string;
  /** Whose private facts are seen beside the public ones. */
  readonly tenant: string;
  readonly roles: ReadonlySet<Role>;
}

/** Who asks without a token, where that is allowed: everybody is at home there, and may do everything. */
export const ANONYMOUS: Viewer = { name: 'anonymous', tenant: NOBODYS_TENANT, roles: new Set(ROLES) };
