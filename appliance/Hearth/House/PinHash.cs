using System.Globalization;
using System.Security.Cryptography;

namespace Hearth.House;

/// <summary>
/// PINs as they are kept: PBKDF2 with SHA-256 (RFC 8018) and a salt of their own, in the form <c>pbkdf2-sha256$iterations$salt$hash</c>. .NET has no
/// function that is hard on memory, too.
/// </summary>
/// <param name="iterations">Of new hashes. A hash says itself how many it took.</param>
internal sealed class PinHash(int iterations = PinHash.OrdinaryIterations)
{
    /// <summary>What OWASP asks of PBKDF2 with SHA-256.</summary>
    public const int OrdinaryIterations = 600_000;

    private const string Scheme = "pbkdf2-sha256";
    private const int SaltLength = 16;
    private const int HashLength = 32;
    private const int Shortest = 4;
    private const int Longest = 12;

    /// <exception cref="HouseException">It can be no PIN.</exception>
    public static void Require(string pin)
    {
        if (pin.Length is < Shortest or > Longest || pin.AsSpan().ContainsAnyExceptInRange('0', '9'))
            throw new HouseException(HouseFailure.Invalid, string.Create(CultureInfo.InvariantCulture, $"a PIN has {Shortest} to {Longest} digits and nothing else"));
    }

    public string Make(string pin)
    {
        byte[] salt = RandomNumberGenerator.GetBytes(SaltLength);
        byte[] hash = Rfc2898DeriveBytes.Pbkdf2(pin, salt, iterations, HashAlgorithmName.SHA256, HashLength);
        return string.Create(CultureInfo.InvariantCulture, $"{Scheme}${iterations}${Convert.ToBase64String(salt)}${Convert.ToBase64String(hash)}");
    }

    /// <exception cref="HouseException">The hash is of a scheme that is not known.</exception>
    public static bool IsRight(string pin, string kept)
    {
        string[] parts = kept.Split('$');
        if (parts is not [Scheme, var count, var salt, var hash] || !int.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out int rounds))
            throw new HouseException(HouseFailure.Damaged, "the PIN that is kept cannot be read: set it anew with `hearth person pin NAME`");
        byte[] given = Rfc2898DeriveBytes.Pbkdf2(pin, Convert.FromBase64String(salt), rounds, HashAlgorithmName.SHA256, HashLength);
        return CryptographicOperations.FixedTimeEquals(given, Convert.FromBase64String(hash));
    }
}
