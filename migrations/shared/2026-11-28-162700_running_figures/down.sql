CREATE TABLE weekly_figures (
    week DATE NOT NULL,
    measure TEXT NOT NULL,
    name TEXT NOT NULL,
    amount BIGINT NOT NULL,
    total BIGINT NOT NULL,
    PRIMARY KEY (week, measure, name)
);
INSERT INTO weekly_figures (week, measure, name, amount, total)
    SELECT week, measure, name, amount - amount_before, total - total_before
    FROM (
        SELECT week, measure, name, amount, total,
            COALESCE(LAG(amount) OVER (PARTITION BY measure, name ORDER BY week), 0) AS amount_before,
            COALESCE(LAG(total) OVER (PARTITION BY measure, name ORDER BY week), 0) AS total_before
        FROM running_figures
    ) AS figures
    WHERE amount <> amount_before;
DROP TABLE running_figures;
