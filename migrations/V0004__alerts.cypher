// What customers were warned of.
CREATE CONSTRAINT alert_id IF NOT EXISTS FOR (a:Alert) REQUIRE a.id IS UNIQUE;
CREATE INDEX alert_sequence IF NOT EXISTS FOR (a:Alert) ON (a.portfolio, a.sequence);
// What was claimed anew of what they follow.
CREATE CONSTRAINT portfolio_news_id IF NOT EXISTS FOR (n:PortfolioNews) REQUIRE n.id IS UNIQUE;
CREATE INDEX portfolio_news_sequence IF NOT EXISTS FOR (n:PortfolioNews) ON (n.portfolio, n.sequence);
