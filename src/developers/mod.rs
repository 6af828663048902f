//! Developer profiles, the hours they have promised, and who may see what.
