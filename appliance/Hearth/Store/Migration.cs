using LiteDB;

namespace Hearth.Store;

/// <summary>One step from a version of the store's schema to the next.</summary>
/// <param name="To">The version that it leads to; the one before is what it finds.</param>
/// <param name="Apply">Changes documents; in one transaction with the new version's number.</param>
internal sealed record Migration(int To, Action<LiteDatabase> Apply);
