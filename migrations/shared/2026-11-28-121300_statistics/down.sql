DROP TABLE statistics_head;
DROP TABLE weekly_figures;
