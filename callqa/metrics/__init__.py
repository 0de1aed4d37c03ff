"""The sales metrics: one SQL file a metric over the store's tables, every figure with what it rests on."""
