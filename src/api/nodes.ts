import { AppError } from '../errors.ts';
import type { Reference } from '../graph/actions.ts';
import type { Alert } from '../queries/alert.ts';
import type { Decision } from '../queries/decision.ts';
import type { Portfolio } from '../queries/portfolio.ts';
import type { Claim, Dependency, Incident, Organization } from '../queries/types.ts';
import type { Edge } from './connection.ts';
import type { ApiContext } from './context.ts';
import type { GlobalId } from './ids.ts';

/** A domain: its name is enough, the rest is loaded where it is asked for. */
export interface DomainNode {
  readonly __typename: 'Domain';
  readonly name: string;
}

export interface OrganizationNode extends Organization {
  readonly __typename: 'Organization';
}

export interface ClaimNode extends Claim {
  readonly __typename: 'Claim';
}

export interface IncidentNode extends Incident {
  readonly __typename: 'Incident';
}

export interface PortfolioNode extends Portfolio {
  readonly __typename: 'Portfolio';
}

export interface AlertNode extends Alert {
  readonly __typename: 'Alert';
}

export interface DecisionNode extends Decision {
  readonly __typename: 'Decision';
}

/** A dependency, with the instant it was computed for and how it was reached. */
export interface DependencyNode extends Dependency {
  readonly __typename: 'Dependency';
  readonly at: number;
  /** The instant, where it was asked for; then it is a part of the id. */
  readonly asOf: number | undefined;
  readonly node: Organization;
  /** Where it stands, in a listing. */
  readonly place: Pick<Edge<unknown>, 'listing' | 'at'> | undefined;
}

export type Node =
  | DomainNode
  | OrganizationNode
  | ClaimNode
  | IncidentNode
  | DependencyNode
  | PortfolioNode
  | AlertNode
  | DecisionNode;

export const domainNode = (name: string): DomainNode => ({ __typename: 'Domain', name });
export const organizationNode = (organization: Organization): OrganizationNode => ({
  __typename: 'Organization',
  ...organization,
});
export const claimNode = (claim: Claim): ClaimNode => ({ __typename: 'Claim', ...claim });
export const incidentNode = (incident: Incident): IncidentNode => ({ __typename: 'Incident', ...incident });

export const portfolioNode = (portfolio: Portfolio): PortfolioNode => ({ __typename: 'Portfolio', ...portfolio });

export const alertNode = (alert: Alert): AlertNode => ({ __typename: 'Alert', ...alert });

export const decisionNode = (decision: Decision): DecisionNode => ({ __typename: 'Decision', ...decision });

/** A dependency that stands in no listing: its other end is the vendor. */
export function dependencyNode(dependency: Dependency, at: number, asOf: number | undefined): DependencyNode {
  return { __typename: 'Dependency', ...dependency, at, asOf, node: dependency.vendor, place: undefined };
}

/** What an id names today, or null. */
export async function loadNode(id: GlobalId, context: ApiContext): Promise<Node | null> {
  const { loaders, queries, now } = context;
  switch (id.type) {
    case 'Domain':
      return (await loaders.domain.load(id.name)) ? domainNode(id.name) : null;
    case 'Organization':
      return orNull(await loaders.organization.load(id.key), organizationNode);
    case 'Claim':
      return orNull(await loaders.claim.load(id.key), claimNode);
    case 'Incident':
      return orNull(await loaders.incident.load(id.key), incidentNode);
    case 'Alert':
      context.outcome.isUnversioned = true;
      return orNull(await context.alerts.alert(context.viewer.tenant, id.id), alertNode);
    case 'Decision': {
      // To who may not see decisions there are none.
      if (!context.viewer.roles.has('analyst')) return null;
      context.outcome.isUnversioned = true;
      const [found] = await context.decisions.decisionsByKey([id.key]);
      return orNull(found, decisionNode);
    }
    case 'Portfolio':
      return orNull(await findPortfolio(id.id, context), portfolioNode);
    case 'Dependency': {
      const { pair, asOf, asOf: at = now } = id;
      // Listed where dismissed ones are asked for, with the same id.
      const found = (await queries.dependency(pair, at)) ?? (await queries.dismissedDependency(pair, at));
      return orNull(found, (dependency) => dependencyNode(dependency, at, asOf));
    }
  }
}

/** A portfolio of the viewer's tenant; another tenant's is as unknown as none. */
export function findPortfolio(id: string, { viewer, portfolios, outcome }: ApiContext): Promise<Portfolio | undefined> {
  outcome.isUnversioned = true;
  return portfolios.portfolio({ tenant: viewer.tenant, id });
}

/** An end of a claim: the domain, or what stands today for the organization. */
export async function loadReference(end: Reference, { loaders }: ApiContext): Promise<DomainNode | OrganizationNode> {
  if (end.kind === 'domain') return domainNode(end.name);
  const organization = await loaders.organization.load(end.key);
  if (organization === undefined) throw new AppError('INTERNAL', 'A claim names an organization that is not there.');
  return organizationNode(organization);
}

function orNull<T, N>(value: T | undefined, wrap: (value: T) => N): N | null {
  return value === undefined ? null : wrap(value);
}
