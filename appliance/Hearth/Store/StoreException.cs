namespace Hearth.Store;

/// <summary>The store cannot be opened, or a change could not be made durable and was not made.</summary>
/// <param name="message">One sentence without a full stop, with the file, and what to do next.</param>
internal sealed class StoreException(string message, Exception? inner = null) : Exception(message, inner);
