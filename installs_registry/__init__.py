"""Who holds what: products, releases, customers, installs, footprints, imports."""
