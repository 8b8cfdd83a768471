"""RAM: roles and their policies, which every service of the cloud then asks."""
