DROP TABLE hand_overs;
DROP TABLE check_ins;
DROP TABLE reviews;
