mod delivery;
mod model;
mod script;
