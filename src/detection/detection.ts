import type { Service } from '../identity/service.ts';

/** What a rule, or the entity list, knows of a name: who stands behind it, and what for. */
export interface Detection {
  /** The rule's id, or `third-party-web:<pattern>`. */
  readonly rule: string;
  /** The vendor's registrable domain. */
  readonly vendor: string;
  readonly service: Service;
  /** 0 to 1: how sure the rule is of vendor and service. */
  readonly confidence: number;
}

/**
 * Looks names up in the detection rules. Hosts are expected in normal form (lower case, IDNA, no trailing dot).
 * Each answer is undefined where no rule knows the name.
 */
export interface Detector {
  /** A host that a page called: by a rule of hosts.yaml, else by the entity list. */
  host(host: string): Detection | undefined;
  /** The target of an NS record. */
  nameServer(host: string): Detection | undefined;
  /** The target of an MX record. */
  mailExchange(host: string): Detection | undefined;
  /** The target of a CNAME record. */
  canonicalName(host: string): Detection | undefined;
  /** The whole text of a TXT record. */
  verificationToken(txt: string): Detection | undefined;
  /** The host of an SPF `include:` or `redirect=`. */
  spfInclude(host: string): Detection | undefined;
  /** The organization (O) of a certificate's issuer, as the certificate spells it. */
  issuer(name: string): Detection | undefined;
}
