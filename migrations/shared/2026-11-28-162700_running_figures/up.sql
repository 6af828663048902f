-- Figures are kept as they stand at the end of a week (its Monday names it), with all weeks before counted in: what happened in some
-- weeks is what stands at the end of the last less what stood before the first, however many weeks there are.
CREATE TABLE running_figures (
    week DATE NOT NULL,
    measure TEXT NOT NULL,
    name TEXT NOT NULL,
    amount BIGINT NOT NULL,
    total BIGINT NOT NULL,
    PRIMARY KEY (week, measure, name)
);
-- The few figures that are told week by week.
CREATE INDEX running_figures_name ON running_figures (name, week);
INSERT INTO running_figures (week, measure, name, amount, total)
    SELECT weeks.week, figures.measure, figures.name, SUM(figures.amount), SUM(figures.total)
    FROM (SELECT DISTINCT week FROM weekly_figures) AS weeks
    JOIN weekly_figures AS figures ON figures.week <= weeks.week
    GROUP BY weeks.week, figures.measure, figures.name;
DROP TABLE weekly_figures;
