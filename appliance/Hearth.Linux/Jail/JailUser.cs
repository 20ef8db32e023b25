namespace Hearth.Linux.Jail;

/// <summary>Who a jailed process runs as: numbers that need no entry in /etc/passwd, and that belong to this guest alone.</summary>
/// <param name="UserId">Not 0.</param>
/// <param name="GroupId">Not 0.</param>
public readonly record struct JailUser(uint UserId, uint GroupId);
