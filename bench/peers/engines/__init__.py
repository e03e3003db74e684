"""One module for each library that is measured, wenbao among them: each makes an `Engine` over a folder."""
