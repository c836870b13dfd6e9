"""Pages of administrators and auditors: state of the parts, accounts, the audit trail."""
