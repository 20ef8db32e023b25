namespace Hearth.Cpu;

/// <summary>One figure of a CPU engine, for people: what was counted or measured, and how much, with its unit.</summary>
public readonly record struct EngineStatistic(string Name, string Value);
