/// Placeholder
public enum Placeholder {}
