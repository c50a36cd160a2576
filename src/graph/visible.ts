import type { Statement } from './statement.ts';

/**
 * What one tenant sees beside what is public: its own private claims, and what they alone speak of. A statement is
 * written of what is public, so that one that heeds nothing of this shows nothing private. Of it the text for a tenant
 * is made here, by three words that mean more there:
 *
 * - `[r:USES]`: also the tenant's own `PRIVATE_USES`;
 * - `NOT n:PrivateDomain`, `NOT n:PrivateOrganization`: but for what the tenant's own claims speak of;
 * - `n:Vendor`, said of a node that was found: also what the tenant's own claims say is used.
 *
 * Its parameter `$p.viewer` is the tenant.
 */
export function visibleTo({ text }: Statement<object, object>): string {
  return text
    .replaceAll('[r:USES]', '[r:USES|PRIVATE_USES WHERE r:USES OR r.tenant = $p.viewer]')
    .replaceAll(
      /NOT (\w+):Private(Domain|Organization)\b/g,
      '(NOT $1:Private$2 OR EXISTS { ($1)-[own:PRIVATE_USES]-() WHERE own.tenant = $$p.viewer })',
    )
    .replaceAll(
      /(?<!\()\b(\w+):Vendor\b/g,
      '($1:Vendor OR EXISTS { ($1)<-[own:PRIVATE_USES]-() WHERE own.tenant = $$p.viewer AND own.firstSeen IS NOT NULL })',
    );
}
