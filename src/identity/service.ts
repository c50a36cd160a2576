/** What one party does for another. The same closed list as the GraphQL enum `Service` and the Protobuf enum. */
export const SERVICES = [
  'DNS',
  'CDN',
  'CERTIFICATE_AUTHORITY',
  'HOSTING',
  'MAIL',
  'ANALYTICS',
  'ADVERTISING',
  'TAG_MANAGEMENT',
  'MARKETING',
  'CONTENT',
  'SOCIAL',
  'VIDEO',
  'CUSTOMER_SUPPORT',
  'CONSENT',
  'PAYMENTS',
  'IDENTITY',
  'SECURITY',
  'COLLABORATION',
  'UTILITY',
  'OTHER',
] as const;

export type Service = (typeof SERVICES)[number];

/** Services whose only provider is critical when nobody measured it: without it the subject is unreachable. */
export const SOLE_PROVIDER_CRITICAL: ReadonlySet<Service> = new Set(['DNS', 'CDN', 'MAIL', 'HOSTING']);
