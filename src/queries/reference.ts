import type { Reference } from '../graph/actions.ts';
import type { End } from '../graph/statements/claim.ts';

const DOMAIN = 'domain:';

/**
 * From `domain:<name>` or an organization's key, as statements give either end of a claim. A provisional organization is
 * its domain.
 */
export function toReference(text: string): Reference {
  return text.startsWith(DOMAIN)
    ? { kind: 'domain', name: text.slice(DOMAIN.length) }
    : { kind: 'organization', key: text };
}

export function fromReference(end: Reference): string {
  return end.kind === 'domain' ? DOMAIN + end.name : end.key;
}

/** As statements take an end. */
export function toEnd(end: Reference): End {
  return end.kind === 'domain' ? { domain: end.name, organization: null } : { domain: null, organization: end.key };
}
