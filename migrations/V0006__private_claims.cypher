// How much each tenant's own claims add to what is public.
CREATE INDEX private_uses_tenant IF NOT EXISTS FOR ()-[r:PRIVATE_USES]-() ON (r.tenant);
