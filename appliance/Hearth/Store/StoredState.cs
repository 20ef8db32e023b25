using Hearth.Running;

namespace Hearth.Store;

/// <summary>A saved state, and what whoever runs guests wants to know of it.</summary>
/// <param name="Details">Means nothing to the store.</param>
internal sealed record StoredState(SavedStateRecord Record, string Details);
