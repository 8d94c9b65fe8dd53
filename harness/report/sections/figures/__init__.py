"""Every published table and figure twice: as published, and as it should be done."""
