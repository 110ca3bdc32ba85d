"""The pages: what people see and fill in, in Chinese and English."""
