// What customers follow, apart from the facts.
CREATE CONSTRAINT portfolio_key IF NOT EXISTS FOR (p:Portfolio) REQUIRE p.key IS UNIQUE;
CREATE CONSTRAINT following_key IF NOT EXISTS FOR (f:Following) REQUIRE f.key IS UNIQUE;
CREATE INDEX portfolio_tenant IF NOT EXISTS FOR (p:Portfolio) ON (p.tenant);
